'use strict'

// Pools of fixtures/stopping/tasks.cjs whose only executor has something to do until it is let go. For jest alone.

const { makeView, raise } = require('./memory.js')
const { makePipe } = require('./pipes.js')
const { poolsOf } = require('./pools.js')
const { STOPPING } = require('./scripts.js')
const { GO, begun } = require('./stopping.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })
const UNLIMITED = { timeout: Number.POSITIVE_INFINITY, queueTimeout: Number.POSITIVE_INFINITY }

/** A pool whose one worker is held. */
async function heldPool(options) {
  const pool = poolOf(options)
  const view = makeView()
  const holder = pool.execute('block', { view, value: 'held' }, UNLIMITED)
  holder.catch(() => {}) // of a test that leaves it there
  await begun(view)
  return { pool, holder, letGo: () => raise(view, GO) }
}

/** A pool whose one native thread reads a pipe. */
async function heldNatively(options) {
  const pool = poolOf(options)
  const pipe = makePipe()
  const holder = pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' }, UNLIMITED)
  holder.catch(() => {})
  await pipe.reached()
  return { pool, holder, letGo: () => pipe.release('abc') }
}

module.exports = { heldNatively, heldPool }
