'use strict'

// Pools that no test leaves behind. For jest alone.

const { WorkerPool } = require('../..')
const { afterwards } = require('./cleanup.js')
const { within } = require('./waiting.js')

/** Ends `pool` after the test, by terminate() or by close(). */
function track(pool, end = 'terminate') {
  afterwards(() => within(pool[end](), 'the end of the pool after the test'))
  return pool
}

/** Closes `pool` after all tests of the block that asks for it. */
function keep(pool) {
  afterAll(() => within(pool.close(), 'the end of the pool after all tests'))
  return pool
}

/** Makes pools of this script, each ended after its test: by these options, and those that each is given. */
const poolsOf = (script, common) => (options) => track(new WorkerPool({ script, ...common, ...options }))

/** That `pool` goes on: its next task runs. */
async function expectNext(pool) {
  const next = pool.execute((n) => n, 1)
  expect(await within(next, 'the next task')).toBe(1)
}

module.exports = { expectNext, keep, poolsOf, track }
