'use strict'

const { PoolError, wordsOf } = require('../errors.js')
const { CANCEL } = require('../wire/layout.js')
const { BATCH, inBatches } = require('./batches.js')
const { Signals, reasonOf } = require('./signals.js')

/** @type {number[]} */
const NONE = []

// How tasks are taken back: one by its signal, or all that do not run.
class Withdrawals {
  #native
  #tasks
  #hold
  #workers = /** @type {InstanceType<typeof import('./workers.js').Workers>} */ (
    /** @type {unknown} */ (undefined)
  )
  #signals = new Signals((slots, signal) => this.#abort(slots, signal))
  /** Resolves when all are told whose tasks have been taken back. @type {Promise<unknown>} */
  told = Promise.resolve()

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'hold'>} parts
   */
  constructor(native, { tasks, hold }) {
    this.#native = native
    this.#tasks = tasks
    this.#hold = hold
  }

  /** Where tasks run. */
  connect(workers) {
    this.#workers = workers
  }

  /** Submits a task with a signal, and listens to that before anything else happens. */
  listening(signal, submit) {
    try {
      this.#signals.listen(signal)
    } catch (cause) {
      const message = `The option 'signal' cannot be listened to: ${wordsOf(cause)}`
      throw new PoolError('ERR_INVALID_ARG_VALUE', message, { cause })
    }
    try {
      return submit()
    } finally {
      this.#signals.listened(signal)
    }
  }

  /** From now on, the task in a slot is taken back when its signal, which is listened to, is aborted. */
  watch(slot, kept) {
    kept.signals = this.#signals
    this.#signals.watch(kept.options.signal, slot)
  }

  /** A signal was aborted. Its tasks are taken back at once, those that wait first; their submitters are told in batches. */
  #abort(slots, signal) {
    const tasks = this.#tasks
    const takenBack = { reason: reasonOf(signal) }
    const open = slots.filter(
      (slot) => tasks.isOpen(slot) && !tasks.isSettled(slot) && tasks.kept[slot]?.takenBack === undefined
    )
    const [waiting, others] = this.#withdraw(open)
    for (const slot of waiting) /** @type {any} */ (tasks.kept[slot]).takenBack = takenBack
    for (const slot of others) this.#abortOther(slot, takenBack.reason)
    this.#tell(waiting, (slot) => {
      if (tasks.kept[slot]?.takenBack === takenBack) tasks.giveBack(slot, takenBack.reason)
    })
    this.#hold.review()
  }

  /** Takes back those of these tasks that do not run: answers which do not, and which do. */
  #withdraw(slots) {
    if (slots.length === 0) return [NONE, NONE]
    if (slots.length === 1) return this.#native.withdraw(slots[0]) ? [slots, NONE] : [NONE, slots]
    const others = this.#native.withdrawAll(Uint32Array.from(slots))
    if (others.length === 0) return [slots, NONE]
    const left = new Set(others)
    return [slots.filter((slot) => !left.has(slot)), others]
  }

  /** Gives up a task that did not wait when it was looked at. */
  #abortOther(slot, reason) {
    const tasks = this.#tasks
    const kept = tasks.kept[slot]
    const run = this.#native.runOf(slot)
    if (run !== null) this.#workers.explain(run[0], run[1], reason)
    if (tasks.kept[slot] !== kept || !tasks.isOpen(slot) || tasks.isSettled(slot)) return // by a getter in the reason
    const answer = this.#native.cancel(slot)
    if (this.#takeFromAsked(slot) || answer === CANCEL.OUT) tasks.giveBack(slot, reason)
    else if (answer === CANCEL.OVER) tasks.giveBackEarly(slot, reason)
  }

  /** Tells the submitters of tasks that nobody else settles, but for the end of the pool. */
  #tell(slots, tell) {
    if (slots.length <= BATCH) return slots.forEach(tell)
    const telling = inBatches(slots, tell).then(() => this.#hold.review())
    this.told = Promise.all([this.told, telling])
  }

  /**
   * Takes back every task that does not run and that `isMeant`, with an error for each. They are taken back at once, and
   * told in batches; resolves when all are.
   * @param {(slot: number) => boolean} isMeant
   * @param {(task: string) => any} errorOf
   */
  async all(isMeant, errorOf) {
    const tasks = this.#tasks
    const withdrawn = []
    for (const slot of tasks.openSlots()) {
      if (tasks.isSettled(slot) || !isMeant(slot)) continue
      // Whoever was asked may still answer, and close the slot.
      if (this.#takeFromAsked(slot)) tasks.reject(slot, errorOf(tasks.nameOf(slot)))
      else if (this.#native.withdraw(slot)) withdrawn.push(slot)
    }
    await inBatches(withdrawn, (slot) => {
      // Nobody else closes it, but for the end of the pool, after which it is nobody's.
      if (tasks.isOpen(slot)) tasks.reject(slot, errorOf(tasks.nameOf(slot)))
    })
    this.#hold.review()
  }

  /** Takes back every task that waits, for somebody to be free or for another try, with an error for each. */
  async queued(errorOf) {
    const tasks = this.#tasks
    const reject = (slot) => tasks.reject(slot, errorOf(tasks.nameOf(slot)))
    for (const slot of tasks.openSlots())
      if (!tasks.isSettled(slot) && this.#takeFromAsked(slot)) reject(slot)
    await inBatches(this.#native.cancelQueued(), (slot) => {
      // Nobody else closes it, but for the end of the pool, after which it is nobody's.
      if (tasks.isOpen(slot)) reject(slot)
    })
    this.#hold.review()
  }

  /** Takes back a task whose `when` has been asked and has not answered; whether it is one. */
  #takeFromAsked(slot) {
    if (!this.#tasks.kept[slot]?.isAsked) return false
    this.#native.decide(slot, false)
    return true
  }
}

module.exports = { Withdrawals }
