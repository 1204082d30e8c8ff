'use strict'

const { PoolError, wordsOf } = require('../errors.js')
const { CUT_OFF, LEAVING } = require('../wire/port.js')

/**
 * Milliseconds that a worker may be torn down for, and as many for its handlers of 'exit': more than it allows itself,
 * in case it cannot look at the clock.
 */
const LONGEST_LEAVE = 6_000

/**
 * Why a worker is gone, as an error of the task it had.
 * @param {Partial<import('./workers.js').Entry> | undefined} entry what is known of the worker
 * @param {{ script: string | undefined, startTimeout: number }} settings
 * @param {string | undefined} task
 */
function deathError(entry, { script, startTimeout }, task) {
  const { error, exitCode, end, up = true, leaving } = entry ?? {}
  const what = task === undefined ? 'A worker' : `The worker that ran the task '${task}'`
  if (end === 'killed' && !up) {
    const message = `The script ${script} was not loaded and set up within ${startTimeout} ms; raise 'startTimeout' or see what it waits for`
    return new PoolError('ERR_SCRIPT_LOAD', message, { task })
  }
  if (end === 'killed' && leaving === LEAVING.EXIT) {
    const message = `A worker was ended, as it did not end within ${LONGEST_LEAVE} ms by itself; see what the handlers of 'exit' do that its tasks or its script have added`
    return new PoolError('ERR_WORKER_EXITED', message)
  }
  if (end === 'killed' && leaving === LEAVING.TURN) {
    const message = `${task === undefined ? 'A worker' : `The worker that was given the task '${task}'`} was ended, as its event loop had not turned for too long; see what a task has left behind that blocks it, such as a timer or a listener that loops`
    return new PoolError('ERR_WORKER_EXITED', message, { task })
  }
  if (end === 'killed' && leaving === LEAVING.TEARDOWN) {
    const message = `The 'teardown' of the script ${script} failed: it took longer than ${LONGEST_LEAVE} ms, in which nothing else came to its turn; its worker was ended`
    return new PoolError('ERR_WORKER_EXITED', message)
  }
  if (end === 'killed') {
    const message = `${what} was ended, as a task on it did not stop when it was told to; let long tasks ask 'context.aborted'`
    return new PoolError('ERR_WORKER_EXITED', message, { task })
  }
  if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const message = `${what} ran out of memory; raise 'resourceLimits' or give the task less at a time`
    return new PoolError('ERR_WORKER_OUT_OF_MEMORY', message, { cause: error, task, exitCode })
  }
  if (exitCode === CUT_OFF && error === undefined) {
    const message = `${what} ended, as another of its tasks was stopped inside of an asynchronous scope (AsyncResource, AsyncLocalStorage); give tasks that may be stopped there a worker of their own`
    return new PoolError('ERR_WORKER_EXITED', message, { task, exitCode })
  }
  const why =
    error === undefined ? `exited with code ${exitCode}` : `died of an uncaught error: ${wordsOf(error)}`
  const when = up ? '' : ' before it was up'
  return new PoolError('ERR_WORKER_EXITED', `${what} ${why}${when}`, { cause: error, task, exitCode })
}

module.exports = { LONGEST_LEAVE, deathError }
