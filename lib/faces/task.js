'use strict'

// Held from the start: test runners replace the globals.
const { clearInterval, setInterval } = require('node:timers')
const { Scope } = require('../owner/scope.js')
const { WorkerPool } = require('../pool.js')
const { NATIVE } = require('../wire/reference.js')

/** Where the shared pool is made: it is not the first caller's, whose asynchronous context it would keep. */
const outside = new Scope('Threadmill')

/** Milliseconds without a call after which the shared pool is closed; the next call makes another. */
const IDLE = 1000

/** The pool of native tasks that are called directly. @type {InstanceType<typeof WorkerPool> | undefined} */
let shared

/**
 * Nobody has to close it, so it closes itself once nobody has used it for a while: its threads, and what loaded this
 * module (a test runner does that again for each file), would otherwise stay for the life of the process.
 */
function sharedPool() {
  return (shared ??= outside.runInAsyncScope(makePool))
}

function makePool() {
  const pool = new WorkerPool({ name: 'threadmill-native' })
  let seen = 0
  const timer = setInterval(() => {
    const { submitted, completed, failed, cancelled, timedOut } = pool.stats().tasks
    const isOver = submitted === completed + failed + cancelled + timedOut
    if (!isOver || submitted > seen) {
      seen = submitted
      return
    }
    clearInterval(timer)
    shared = undefined
    pool.close()
  }, IDLE)
  timer.unref()
  return pool
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
  return Object.defineProperty(task, NATIVE, /** @type {any} */ ({ __proto__: null, value: name }))
}

module.exports = { nativeTask }
