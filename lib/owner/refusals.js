'use strict'

const { PoolError, isOwn } = require('../errors.js')
const { hide } = require('../property.js')
const { restack } = require('../stack.js')
const { ANSWER } = require('../wire/layout.js')
const { nameOfTask } = require('./names.js')

// The pool's own words for why a task was not accepted, or given up.

/**
 * What is wrong with a call of the user's: a PoolError gets a stack that begins where `call`, a function of ours, was
 * called. The way from there to what has refused it would leave no room for the caller.
 */
function wrong(error, call) {
  if (isOwn(error)) restack(error, call)
  return error
}

/** The same of a submission: it gets its task, too, if it does not know that yet. */
function about(task, error, call) {
  if (isOwn(error)) error.task ??= nameOfTask(task)
  return wrong(error, call)
}

const NOTHING = { maxQueue: undefined, failure: undefined }

/** Why a submission was refused; `known` is what the answer may be about. */
function refusal(answer, task, /** @type {{ maxQueue?: number, failure?: string }} */ known = NOTHING) {
  const { maxQueue, failure } = { ...NOTHING, ...known }
  if (answer === ANSWER.CLOSING) {
    const message = `The task '${task}' was not accepted, as the pool is closed; submit before close(), or to another pool`
    return closedError(message, task)
  }
  if (answer === ANSWER.BROKEN) return brokenError(failure, task)
  if (answer === ANSWER.NO_THREAD) return noThreadError(task)
  if (answer === ANSWER.NO_MEMORY) {
    const message = `The task '${task}' was not accepted, as there is no memory for a copy of its input; name buffers in 'transfer', or pass less`
    return new PoolError('ERR_OUT_OF_MEMORY', message, { task })
  }
  if (answer === ANSWER.FULL) {
    const message = `The task '${task}' was not accepted, as ${fullness(maxQueue)}`
    return new PoolError('ERR_QUEUE_FULL', message, { task })
  }
  return terminatedError(task)
}

/** Why there is no room, and what to do. Where nothing may wait, there is no queue whose 'drain' could be waited for. */
function fullness(maxQueue) {
  const instead = "raise 'maxQueue', or set 'whenFull' to 'wait'"
  if (maxQueue === 0)
    return `nobody is free to run it and with 'maxQueue' 0 none may wait; submit it once another has ended, ${instead}`
  return `${maxQueue === 1 ? '1 task waits' : `${maxQueue} tasks wait`} already; wait for 'drain', ${instead}`
}

function noThreadError(task) {
  const message = `The task '${task}' cannot run, as the system grants no thread; raise its limit or lower 'nativeThreads'`
  return new PoolError('ERR_OUT_OF_MEMORY', message, { task })
}

const closedError = (message, task = undefined) => new PoolError('ERR_POOL_CLOSED', message, { task })

function terminatedError(task = undefined) {
  const message =
    task === undefined
      ? 'The pool was terminated; make another one'
      : `The task '${task}' was given up, as the pool was terminated; use close() to let tasks finish`
  return new PoolError('ERR_POOL_TERMINATED', message, { task })
}

/** `words` are the pool's own, for whoever is to mend it. */
function brokenError(words, task = undefined) {
  const what = task === undefined ? 'The pool has ended' : `The task '${task}' was given up`
  const message = `${what}, as threadmill itself has failed (see the cause); make another pool, and report this`
  return new PoolError('ERR_POOL_TERMINATED', message, { cause: new Error(words), task })
}

function cancelledError(task) {
  const message = `The task '${task}' was cancelled in the queue, as close() was called with 'cancelQueued'; call close() without it to let queued tasks run`
  return closedError(message, task)
}

/** A PoolError that others tell by its name, as they do DOMException's. */
function timeoutError(code, message, task) {
  const error = new PoolError(code, message, { task })
  hide(error, 'name', 'TimeoutError')
  restack(error, timeoutError) // it was taken with the other name
  return error
}

function taskTimeoutError(task, timeout) {
  const message = `The task '${task}' was stopped, as it ran for longer than ${timeout} ms; raise its 'timeout' or give it less to do`
  return timeoutError('ERR_TASK_TIMEOUT', message, task)
}

function queueTimeoutError(task, timeout) {
  const message = `The task '${task}' was given up, as it waited for longer than ${timeout} ms; raise its 'queueTimeout' or the number of workers`
  return timeoutError('ERR_QUEUE_TIMEOUT', message, task)
}

module.exports = {
  wrong,
  about,
  brokenError,
  cancelledError,
  refusal,
  noThreadError,
  closedError,
  terminatedError,
  taskTimeoutError,
  queueTimeoutError
}
