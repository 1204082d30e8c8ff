'use strict'

const { types } = require('node:util')
const { PoolError } = require('../errors.js')
const { changeStack, framesAbove, withoutOwnFrames } = require('../stack.js')

/**
 * Errors that were made here to reject one promise, and have not got their site yet. No others are touched: a signal's
 * reason is its owner's, who may give it to many tasks.
 */
const made = new WeakSet()

/** To be said of an error, of whatever kind, before a promise with a submit site rejects with it. */
function expectSite(error) {
  if (types.isNativeError(error)) made.add(error)
  return error
}

/**
 * To be a rejection handler of the promise that `execute` returns: it runs inside the chain of whoever
 * awaits that promise, so V8 can tell who that is. Nothing is paid for a task that resolves.
 */
function addSubmitSite(error) {
  if (made.delete(error)) {
    const site = framesAbove(addSubmitSite)
    const under = site === '' ? '' : `\n    at execute (in the thread that submitted the task)\n${site}`
    // What a worker sent is without our frames already.
    const own = error instanceof PoolError ? (stack) => withoutOwnFrames(stack, true) : (stack) => stack
    changeStack(error, (stack) => own(stack) + under)
  }
  throw error
}

module.exports = { addSubmitSite, expectSite }
