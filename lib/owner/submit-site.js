'use strict'

const { types } = require('node:util')
const { PoolError } = require('../errors.js')
const { changeStack, framesAbove, withoutOwnFrames } = require('../stack.js')

/** Errors that have their site, or are about to get it. */
const sited = new WeakSet()

const RESOLVED = Promise.resolve()

/**
 * Rejects a promise, of which `resolve` is what resolves it, with an error that was made here for it, and puts under its
 * stack where whoever awaits the promise submitted the task. No other errors are to come here: a signal's reason is its
 * owner's, who may give it to many tasks.
 *
 * V8 can tell who awaits a promise while a reaction runs that leads to it. So the promise is resolved with one that has such
 * a reaction, and that is rejected once the two have been joined, a microtask later. Nothing is paid for a task that resolves.
 */
function rejectWithSite(resolve, error) {
  if (!types.isNativeError(error) || sited.has(error)) return resolve(Promise.reject(error))
  sited.add(error)
  let reject = /** @type {(error: any) => void} */ (/** @type {unknown} */ (undefined))
  const rejected = new Promise((_, no) => {
    reject = no
  })
  resolve(rejected.then(undefined, addSubmitSite))
  RESOLVED.then(() => reject(error))
}

function addSubmitSite(error) {
  const site = framesAbove(addSubmitSite)
  const under = site === '' ? '' : `\n    at execute (in the thread that submitted the task)\n${site}`
  // What a worker sent is without our frames already.
  const own = error instanceof PoolError ? (stack) => withoutOwnFrames(stack, true) : (stack) => stack
  changeStack(error, (stack) => own(stack) + under)
  throw error
}

module.exports = { rejectWithSite }
