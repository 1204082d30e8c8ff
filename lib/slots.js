'use strict'

// The promises of unsettled tasks, by number. Rust knows a task by the number of its slot alone. Arrays with
// a free list: cheaper than a Map, and their memory stays flat.
class Slots {
  constructor() {
    this.resolves = []
    /** Label of each task: what it is called in errors. */
    this.labels = []
    /** What must stay alive until the task is over: its input, or the buffers that Rust reads. */
    this.kept = []
    this.free = []
    this.count = 0
  }

  /** A promise, and its slot in `this.last`. */
  open(label, kept) {
    const slot = (this.last = this.free.length > 0 ? this.free.pop() : this.resolves.length)
    this.labels[slot] = label
    this.kept[slot] = kept
    this.count++
    return new Promise((resolve) => {
      this.resolves[slot] = resolve
    })
  }

  /** Whether the slot holds a promise that has not settled. */
  isOpen(slot) {
    return this.resolves[slot] !== undefined
  }

  resolve(slot, value) {
    const resolve = this.resolves[slot]
    this.close(slot)
    resolve(value)
  }

  /** Without a function of its own to keep for it, which a million tasks that resolve would pay for. */
  reject(slot, error) {
    this.resolve(slot, Promise.reject(error))
  }

  close(slot) {
    this.resolves[slot] = undefined
    this.kept[slot] = undefined
    this.free.push(slot)
    this.count--
  }

  /** The slots of all unsettled tasks, in no order. O(most there ever were at once). */
  *openSlots() {
    for (let slot = 0; slot < this.resolves.length; slot++) if (this.isOpen(slot)) yield slot
  }
}

module.exports = { Slots }
