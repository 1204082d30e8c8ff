'use strict'

const { types } = require('node:util')

// What a task returns may be a promise, or anything that has a `then`, which is code of the user's: it may throw, loop, call
// back twice, at once or never. It is followed as `await` would, with one difference: `then` is read once.

/** Held from the start: a script may replace them. */
const OwnPromise = Promise
const { prototype } = Promise
const { then: promiseThen } = prototype
const { apply, getPrototypeOf } = Reflect

/** The `then` of a value that is to be waited for, which is asked for once; undefined for any other value. */
function thenOf(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  const { then } = value
  return typeof then === 'function' ? then : undefined
}

/** Whether a value with this `then` is a promise that no code of the user's runs to follow: none in `then`, nor for its species. */
const isOrdinary = (value, then) =>
  then === promiseThen &&
  types.isPromise(value) &&
  getPrototypeOf(value) === prototype &&
  !Object.hasOwn(value, 'constructor')

/**
 * Calls one of two functions once, later, with what comes of an ordinary promise.
 * @param {Promise<any>} promise
 * @param {(value: any) => void} fulfilled
 * @param {(thrown: any) => void} rejected
 */
function followPromise(promise, fulfilled, rejected) {
  apply(promiseThen, promise, [fulfilled, rejected])
}

/**
 * The same for anything else that has a `then`. `call(code, first, second)` calls code of the user's. The engine's own
 * promise sees to it that the first call counts, and that whatever it is called with is followed.
 */
function followThenable(value, then, call, fulfilled, rejected) {
  OwnPromise.resolve()
    .then(() => call(ask, value, then))
    .then(fulfilled, rejected)
}

const ask = (value, then) => new OwnPromise((resolve, reject) => void apply(then, value, [resolve, reject]))

module.exports = { followPromise, followThenable, isOrdinary, thenOf }
