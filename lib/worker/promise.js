'use strict'

const { types } = require('node:util')

// What a task returns may be a promise, or anything that has a `then`, which is code of the user's: it may throw, call
// back twice, at once or never. It is followed as `await` would, with one difference: `then` is read once.

/** Held from the start: a script may replace it. */
const promiseThen = Promise.prototype.then

/** The `then` of a value that is to be waited for, which is asked for once; undefined for any other value. */
function thenOf(value) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  const { then } = value
  return typeof then === 'function' ? then : undefined
}

/**
 * Calls one of two functions once, later, with what comes of `value`, whose `then` has been read. Throws nothing.
 * @param {any} value
 * @param {Function} then
 * @param {(value: any) => void} fulfilled
 * @param {(thrown: any) => void} rejected
 */
function followPromise(value, then, fulfilled, rejected) {
  if (then !== promiseThen || !types.isPromise(value)) return followThenable(value, then, fulfilled, rejected)
  try {
    promiseThen.call(value, fulfilled, rejected)
  } catch (thrown) {
    Promise.reject(thrown).then(undefined, rejected) // by its species: the callbacks have not been taken
  }
}

/** The engine's own promise sees to it that the first call counts, and that whatever it is called with is followed. */
function followThenable(value, then, fulfilled, rejected) {
  const ask = () => new Promise((resolve, reject) => then.call(value, resolve, reject))
  Promise.resolve().then(ask).then(fulfilled, rejected)
}

module.exports = { followPromise, thenOf }
