'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { types } = require('node:util')
const { PoolError } = require('../errors.js')
const { changeStack, framesAbove, withoutOwnFrames } = require('../stack.js')

// Held from the start: anybody may write there, and what throws here would leave a task without an end.
const { then } = Promise.prototype

/** Errors that have their site, or are about to get it. */
const sited = new WeakSet()

const RESOLVED = Promise.resolve()

/**
 * Rejects a promise, of which `resolve` is what resolves it, with an error that was made here for it, and puts under its
 * stack where whoever awaits the promise made the `call`. No other errors are to come here: a signal's reason is its
 * owner's, who may give it to many tasks.
 *
 * V8 can tell who awaits a promise while a reaction runs that leads to it. So the promise is resolved with one that has such
 * a reaction, and that is rejected once the two have been joined, a microtask later. Nothing is paid for a task that resolves.
 */
function rejectWithSite(resolve, error, call = 'execute (in the thread that submitted the task)') {
  if (!types.isNativeError(error) || sited.has(error)) return resolve(Promise.reject(error))
  sited.add(error)
  let reject = /** @type {(error: any) => void} */ (/** @type {unknown} */ (undefined))
  const rejected = new Promise((_, no) => {
    reject = no
  })
  const addSite = (error) => addSubmitSite(error, call, addSite)
  resolve(Reflect.apply(then, rejected, [undefined, addSite]))
  Reflect.apply(then, RESOLVED, [() => reject(error)])
}

function addSubmitSite(error, call, below) {
  const site = framesAbove(below)
  const under = site === '' ? '' : `\n    at ${call}\n${site}`
  // What a worker sent is without our frames already.
  const own = error instanceof PoolError ? (stack) => withoutOwnFrames(stack, true) : (stack) => stack
  changeStack(error, (stack) => own(stack) + under)
  throw error
}

/** Whether asynchronous contexts are V8's business, as from Node 24 on, and not kept by async_hooks for each promise. */
const CONTEXTS_ARE_V8S = /** @type {any} */ (AsyncLocalStorage.prototype)._propagate === undefined

const passOn = (error) => {
  throw error
}

/**
 * The promise of a call as its caller gets it. If nobody handles its rejection, the process is told of that in the context
 * in which it was rejected, and that is to be the caller's: V8 has that for reactions which the caller has made.
 */
const asCallers = CONTEXTS_ARE_V8S
  ? (promise) => Reflect.apply(then, promise, [undefined, passOn])
  : (promise) => promise

module.exports = { asCallers, rejectWithSite }
