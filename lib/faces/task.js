'use strict'

const { WorkerPool } = require('../pool.js')
const { NATIVE } = require('../wire/reference.js')

/** @type {InstanceType<typeof WorkerPool> | undefined} */
let shared

/** The pool of native tasks that are called directly. Nobody has to close it: an idle pool keeps nothing alive. */
function sharedPool() {
  return (shared ??= new WorkerPool({ name: 'threadmill-native' }))
}

/**
 * The function of a native task: what `execute` knows it by, and when it is called, the task on a pool that all of
 * them share.
 * @param {string} name
 * @returns {any}
 */
function nativeTask(name) {
  const { [name]: task } = {
    [name](input, options) {
      return sharedPool().execute(task, input, options)
    }
  }
  return Object.defineProperty(task, NATIVE, { value: name })
}

module.exports = { nativeTask }
