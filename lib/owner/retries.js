'use strict'

// Held from the start: test runners replace the globals.
const { clearTimeout, setTimeout } = require('node:timers')
const { PoolError, wordsOf } = require('../errors.js')

/** Milliseconds that `when` may take to answer. */
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
      again = Boolean(await inTime(answer))
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
  scope === undefined ? when?.(error, attempt) : scope.runInAsyncScope(when, undefined, error, attempt)

/** An answer that may be a promise, which might never settle: nothing would, then, that waits for the task. */
async function inTime(answer) {
  if (answer === null || (typeof answer !== 'object' && typeof answer !== 'function')) return answer
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const tooLong = new Promise((_, reject) => {
    const error = new Error(`it took longer than ${LONGEST_ANSWER} milliseconds`)
    timer = setTimeout(reject, LONGEST_ANSWER, error).unref() // the task keeps the process alive while it is there
  })
  try {
    return await Promise.race([answer, tooLong])
  } finally {
    clearTimeout(timer)
  }
}

module.exports = { Retries }
