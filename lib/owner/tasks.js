'use strict'

/** @typedef {import('node:async_hooks').AsyncResource} AsyncResource */

const { rejectWithSite } = require('./submit-site.js')

/** What settles a promise that has settled already while its record is still on its way. */
const NOTHING_LEFT = () => {}

/** What a task's submitter keeps until the task is over, beyond its promise. One shape for all. */
class Kept {
  /** SharedArrayBuffers of its input. @type {{ release(): void } | undefined} */
  named = undefined
  /** What is sent over a worker's port. */
  input = undefined
  /** @type {any[]} */
  transfer = []
  /** Whether the input has to last for another try. */
  again = false
  /** The memory that a native thread reads. @type {Uint8Array[]} */
  attachments = []
  /** What a native task gives back when it gives back an attachment. @type {any[]} */
  returns = []
  /** Its own options, if it came with any. @type {ReturnType<typeof import('../options/task.js').executeOptions> | undefined} */
  options = undefined
  /** The asynchronous context of its call, if it may be asked about. @type {AsyncResource | undefined} */
  scope = undefined
  /** Attempts that have failed and were asked about. */
  failures = 0
  /** Whether the answer is awaited. */
  isAsked = false
  /** It was taken back for this reason, and its submitter has not been told yet. @type {{ reason: any } | undefined} */
  takenBack = undefined
  /** @type {InstanceType<typeof import('./signals.js').Signals> | undefined} */
  signals = undefined

  unwatch(slot) {
    if (this.signals === undefined) return
    this.signals.forget(this.options?.signal, slot)
    this.signals = undefined
  }
}

// The unsettled tasks, by slot: Rust knows a task by that number alone. Arrays with a free list: cheaper than a Map,
// and their memory stays flat.
class Tasks {
  #names
  #resolves = []
  /** Label of each task. @type {InstanceType<typeof import('./labels.js').Label>[]} */
  #labels = []
  #free = []
  /** What must stay alive until a task is over, or is to be known then; mostly nothing. @type {(Kept | undefined)[]} */
  kept = []
  count = 0
  /** The slot that was opened last. */
  last = 0

  /** @param {InstanceType<typeof import('./names.js').Names>} names */
  constructor(names) {
    this.#names = names
  }

  /** A promise, and its slot in `this.last`. */
  open(label, kept) {
    const slot = (this.last = this.#free.length > 0 ? this.#free.pop() : this.#resolves.length)
    this.#labels[slot] = label
    label.tasks++
    this.kept[slot] = kept
    this.count++
    return new Promise((resolve) => {
      this.#resolves[slot] = resolve
    })
  }

  /** Whether the slot holds a task that is not over. */
  isOpen(slot) {
    return this.#resolves[slot] !== undefined
  }

  /** Whether it is open for the task's last record only. */
  isSettled(slot) {
    return this.#resolves[slot] === NOTHING_LEFT
  }

  /** What the task is called. */
  nameOf(slot) {
    return this.#labels[slot].name
  }

  isNative(slot) {
    return this.#labels[slot].number < 0
  }

  /** The task was not found: nothing is kept of its name once all that have it are over. */
  foundNothing(slot) {
    this.#labels[slot].isSurplus = this.#labels[slot].number >= 0
  }

  resolve(slot, value) {
    const resolve = this.#resolves[slot]
    this.close(slot)
    resolve(value)
  }

  /** Rejects a promise with an error that was made for it, unless its task was taken back before. */
  reject(slot, error) {
    const takenBack = this.kept[slot]?.takenBack
    if (takenBack !== undefined) return this.giveBack(slot, takenBack.reason)
    const resolve = this.#resolves[slot]
    this.close(slot)
    if (resolve !== NOTHING_LEFT) rejectWithSite(resolve, error)
  }

  /** The same for a task whose record is on its way; that one closes the slot. */
  rejectEarly(slot, error) {
    rejectWithSite(this.#settleEarly(slot), error)
  }

  /**
   * Rejects a promise with the reason of a signal, which is not ours to change. Without a function of its own to keep
   * for it, which a million tasks that resolve would pay for.
   */
  giveBack(slot, reason) {
    if (this.isSettled(slot)) this.close(slot)
    else this.resolve(slot, Promise.reject(reason))
  }

  /** The same for a task whose record is on its way; that one closes the slot. */
  giveBackEarly(slot, reason) {
    this.#settleEarly(slot)(Promise.reject(reason))
  }

  /** What resolves a promise whose task's record is on its way. */
  #settleEarly(slot) {
    const resolve = this.#resolves[slot]
    this.#resolves[slot] = NOTHING_LEFT
    this.kept[slot]?.unwatch(slot)
    return resolve
  }

  close(slot) {
    const kept = this.kept[slot]
    if (kept !== undefined) {
      kept.unwatch(slot)
      kept.named?.release()
      this.kept[slot] = undefined
    }
    this.#resolves[slot] = undefined
    this.#free.push(slot)
    this.count--
    this.#names.release(this.#labels[slot])
  }

  /** The slots of all unsettled tasks, in no order. O(most there ever were at once). */
  *openSlots() {
    for (let slot = 0; slot < this.#resolves.length; slot++) if (this.isOpen(slot)) yield slot
  }
}

module.exports = { Kept, Tasks }
