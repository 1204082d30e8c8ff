'use strict'

const { CANCEL } = require('../wire/layout.js')
const { Signals, reasonOf } = require('./signals.js')

// How tasks are taken back: one by its signal, or all that do not run.
class Withdrawals {
  #native
  #tasks
  #hold
  #signals = new Signals((slot, signal) => this.#abort(slot, signal))

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'hold'>} parts
   */
  constructor(native, { tasks, hold }) {
    this.#native = native
    this.#tasks = tasks
    this.#hold = hold
  }

  /** From now on, the task in a slot is taken back when `signal` is aborted. Throws what the signal does. */
  watch(slot, signal, kept) {
    this.#signals.watch(signal, slot)
    kept.signals = this.#signals
  }

  /** A task's signal was aborted. */
  #abort(slot, signal) {
    const tasks = this.#tasks
    if (!tasks.isOpen(slot) || tasks.isSettled(slot)) return
    const answer = this.#native.cancel(slot)
    if (this.#takeFromAsked(slot) || answer === CANCEL.OUT) tasks.reject(slot, reasonOf(signal))
    else if (answer === CANCEL.OVER) tasks.rejectEarly(slot, reasonOf(signal))
    this.#hold.review()
  }

  /**
   * Takes back every task that does not run and that `isMeant`, with an error for each.
   * @param {(slot: number) => boolean} isMeant
   * @param {(task: string) => any} errorOf
   */
  all(isMeant, errorOf) {
    const tasks = this.#tasks
    for (const slot of tasks.openSlots()) {
      if (tasks.isSettled(slot) || !isMeant(slot)) continue
      if (this.#takeFromAsked(slot) || this.#native.withdraw(slot))
        tasks.reject(slot, errorOf(tasks.nameOf(slot)))
    }
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
