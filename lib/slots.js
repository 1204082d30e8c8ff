'use strict'

/** What settles a promise that has settled already while its record is still on its way. */
const NOTHING_LEFT = () => {}

// The promises of unsettled tasks, by number. Rust knows a task by the number of its slot alone. Arrays with
// a free list: cheaper than a Map, and their memory stays flat.
class Slots {
  constructor() {
    this.resolves = []
    /** Label of each task: what it is called in errors. */
    this.labels = []
    /**
     * What must stay alive until the task is over, or is to be known then; mostly nothing.
     * @type {(InstanceType<typeof import('./kept.js').Kept> | undefined)[]}
     */
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

  /** Whether the slot holds a task that is not over. */
  isOpen(slot) {
    return this.resolves[slot] !== undefined
  }

  /** Whether it is open for the task's last record only. */
  isSettled(slot) {
    return this.resolves[slot] === NOTHING_LEFT
  }

  resolve(slot, value) {
    const resolve = this.resolves[slot]
    this.close(slot)
    resolve(value)
  }

  /** Without a function of its own to keep for it, which a million tasks that resolve would pay for. */
  reject(slot, error) {
    if (this.isSettled(slot)) this.close(slot)
    else this.resolve(slot, Promise.reject(error))
  }

  /** Rejects the promise of a task whose record is on its way; that one closes the slot. */
  rejectEarly(slot, error) {
    const resolve = this.resolves[slot]
    this.resolves[slot] = NOTHING_LEFT
    this.kept[slot]?.unwatch(slot)
    resolve(Promise.reject(error))
  }

  close(slot) {
    const kept = this.kept[slot]
    if (kept !== undefined) {
      kept.unwatch(slot)
      this.kept[slot] = undefined
    }
    this.resolves[slot] = undefined
    this.free.push(slot)
    this.count--
  }

  /** The slots of all unsettled tasks, in no order. O(most there ever were at once). */
  *openSlots() {
    for (let slot = 0; slot < this.resolves.length; slot++) if (this.isOpen(slot)) yield slot
  }
}

module.exports = { Slots }
