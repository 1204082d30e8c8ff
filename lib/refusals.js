'use strict'

const { PoolError } = require('./errors.js')
const { nameOfTask } = require('./labels.js')

/** What a submission answers if it is refused. */
const CLOSING = -1
const TERMINATED = -2
const NO_THREAD = -3

/** An error of a submission, with the task it is about. */
function about(task, error) {
  if (error instanceof PoolError) error.task ??= nameOfTask(task)
  return error
}

/** Why a submission was refused. */
function refusal(answer, task) {
  if (answer === CLOSING) {
    const message = `The task '${task}' was not accepted, as the pool is closed; submit before close(), or to another pool`
    return closedError(message, task)
  }
  if (answer === NO_THREAD) {
    const message = `The native task '${task}' cannot run, as the system grants no thread; raise its limit or lower 'nativeThreads'`
    return new PoolError('ERR_OUT_OF_MEMORY', message, { task })
  }
  return terminatedError(task)
}

const closedError = (message, task = undefined) => new PoolError('ERR_POOL_CLOSED', message, { task })

function terminatedError(task = undefined) {
  const message =
    task === undefined
      ? 'The pool was terminated; make another one'
      : `The task '${task}' was given up, as the pool was terminated; use close() to let tasks finish`
  return new PoolError('ERR_POOL_TERMINATED', message, { task })
}

module.exports = { CLOSING, TERMINATED, about, refusal, closedError, terminatedError }
