'use strict'

const { PoolError, wordsOf } = require('../errors.js')
const { inTime, mayBePromise } = require('../limit.js')

/** Milliseconds that `when` may take to answer; the task keeps the process alive meanwhile. */
const LONGEST_ANSWER = 5_000

// Asks `retries.when` whether a task that failed is to be tried again.
class Retries {
  #native
  #tasks
  #hold
  #defaults

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'hold'>} parts
   * @param {import('../options/task.js').TaskDefaults} defaults
   */
  constructor(native, { tasks, hold }, defaults) {
    this.#native = native
    this.#tasks = tasks
    this.#hold = hold
    this.#defaults = defaults
  }

  /** Asks whether a task that failed is to be tried again; the answer may take its time. */
  async ask(slot, error) {
    const tasks = this.#tasks
    if (!tasks.isOpen(slot)) return // the pool has ended meanwhile
    const kept = tasks.kept[slot]
    const when = (kept?.options ?? this.#defaults).retries?.when
    let again = false
    let rejection = error
    if (kept !== undefined) kept.isAsked = true
    try {
      const attempt = kept === undefined ? 1 : ++kept.failures
      // Its signal may be aborted in there, or was by whoever was asked before.
      const answer = tasks.isSettled(slot) ? false : inScope(kept?.scope, when, error, attempt)
      again = Boolean(await inTime(answer, LONGEST_ANSWER))
    } catch (thrown) {
      rejection = this.#brokenCondition(slot, thrown, error)
    }
    // Meanwhile it may have been taken back, and its slot be another's.
    if (tasks.kept[slot] !== kept || !tasks.isOpen(slot)) return
    if (kept !== undefined) kept.isAsked = false
    this.#native.decide(slot, again)
    if (!again) tasks.reject(slot, rejection)
    this.#hold.review()
  }

  #brokenCondition(slot, thrown, error) {
    const task = this.#tasks.nameOf(slot)
    const message = `The option 'retries.when' failed when it was asked about the task '${task}', which is not tried again: ${wordsOf(thrown)}`
    const cause = new AggregateError([thrown, error], 'What it threw, and what the task failed with')
    return new PoolError('ERR_INVALID_ARG_VALUE', message, { cause, task })
  }
}

/** Asks in the asynchronous context of the task's call. */
const inScope = (scope, when, error, attempt) =>
  scope === undefined
    ? ask(when, error, attempt)
    : scope.runInAsyncScope(ask, undefined, when, error, attempt)

/** The answer of `when`; one that has a `then` is made a promise there, as that is called where this happens. */
function ask(when, error, attempt) {
  const answer = when?.(error, attempt)
  return mayBePromise(answer) ? Promise.resolve(answer) : answer
}

module.exports = { Retries }
