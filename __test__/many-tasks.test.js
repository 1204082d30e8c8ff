'use strict'

// What happens to a great many tasks at once: it takes turns with whatever else the event loop has to do.

const { WorkerPool } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { outcomeOf } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1 })
const MANY = 4000

/** A pool whose worker is held, and what becomes of many tasks that wait: how each ends, and at which turn of the loop. */
async function crowded(options, limits) {
  const pool = poolOf(options)
  const gate = makeGate()
  const held = pool.execute('block', gate)
  held.catch(() => {})
  await entered(gate)
  let turns = 0
  let counts = true
  const count = () => {
    turns++
    if (counts) setImmediate(count)
  }
  const ends = Array.from({ length: MANY }, (_, n) =>
    outcomeOf(pool.execute('echo', n, limits)).then(({ code }) => ({ code, turn: turns }))
  )
  return {
    pool,
    free: () => open(gate),
    async ends() {
      counts = true
      count()
      const all = await within(Promise.all(ends), 'the end of all tasks')
      counts = false
      return {
        codes: [...new Set(all.map(({ code }) => code))],
        turns: all[MANY - 1].turn - all[0].turn
      }
    }
  }
}

test('that a pool is terminated with', async () => {
  const { pool, ends } = await crowded()
  const terminated = pool.terminate()
  const { codes, turns } = await ends()
  await within(terminated, 'terminate()')
  expect(codes).toEqual(['ERR_POOL_TERMINATED'])
  expect(turns).toBeGreaterThan(1)
})

test('that are cancelled with close()', async () => {
  const { pool, free, ends } = await crowded()
  const closed = pool.close({ cancelQueued: true })
  expect(pool.stats().queue.length).toBe(0)
  const { codes, turns } = await ends()
  free()
  await within(closed, 'close()')
  expect(codes).toEqual(['ERR_POOL_CLOSED'])
  expect(turns).toBeGreaterThan(1)
})

test('that are cancelled with close(), which is then cut short', async () => {
  const { pool, ends } = await crowded()
  const closed = pool.close({ cancelQueued: true })
  const terminated = pool.terminate()
  const { codes } = await ends()
  await within(Promise.all([closed, terminated]), 'the end of the pool')
  expect(codes.sort()).toEqual(['ERR_POOL_CLOSED', 'ERR_POOL_TERMINATED'])
})

test('that have waited too long', async () => {
  const { pool, ends } = await crowded(undefined, { queueTimeout: 1 })
  expect((await ends()).codes).toEqual(['ERR_QUEUE_TIMEOUT'])
  expect(pool.stats()).toMatchObject({ queue: { length: 0, byPriority: {} }, tasks: { timedOut: MANY } })
})

test('that belong to a worker that dies: all run on the next, in their order', async () => {
  const pool = new WorkerPool({ script: TASKS, size: 2 })
  pool.on('error', () => {})
  const order = []
  const gate = makeGate()
  const dying = outcomeOf(
    pool.execute(
      (gate) => {
        Atomics.wait(gate, 0, 0)
        process.exit(1)
      },
      gate,
      { affinity: 'key' }
    )
  )
  const tasks = Array.from({ length: MANY }, (_, n) =>
    pool
      .execute((n) => [n, require('node:worker_threads').threadId], n, { affinity: 'key' })
      .then((value) => order.push(value))
  )
  open(gate)
  expect((await dying).code).toBe('ERR_WORKER_EXITED')
  await within(Promise.all(tasks), 'the end of all tasks')
  await pool.close()
  expect(order.map(([n]) => n)).toEqual(Array.from({ length: MANY }, (_, n) => n))
  expect(new Set(order.map(([, thread]) => thread)).size).toBe(1)
})
