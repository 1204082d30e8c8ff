'use strict'

// `spareWorkers`: workers that are there ahead of the need, and step in for one that is lost.

const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(undefined, { size: 1 })

const where = (_, { workerId }) => workerId
const loop = () => {
  for (;;);
}

test('are started ahead, count apart from the others, and take nothing', async () => {
  const pool = poolOf({ spareWorkers: 2 })
  await within(pool.ready(), 'ready()')
  expect(pool.stats().workers).toEqual({ total: 1, busy: 0, idle: 1, spare: 2 })
  expect(pool.stats().perWorker).toHaveLength(1)
  const ids = await Promise.all(Array.from({ length: 50 }, () => pool.execute(where)))
  expect(new Set(ids)).toEqual(new Set([1]))
})

test.each([
  ['is stopped', loop, { timeout: 10 }, 'ERR_TASK_TIMEOUT'],
  ['dies', () => process.exit(1), undefined, 'ERR_WORKER_EXITED']
])('step in for a worker whose task %s, and are replaced', async (_, task, options, code) => {
  const pool = poolOf({ spareWorkers: 1 })
  await within(pool.ready(), 'ready()')
  const lost = rejection(pool.execute(task, undefined, options))
  const next = pool.execute(where)
  expect(await lost).toMatchObject({ code })
  expect(await within(next, 'the next task')).toBe(2)
  await until(() => pool.stats().workers.spare === 1, 'another in reserve')
  expect(pool.stats().workers).toEqual({ total: 1, busy: 0, idle: 1, spare: 1 })
})

test('are the first to come when the pool grows', async () => {
  const pool = poolOf({ size: undefined, maxWorkers: 2, spareWorkers: 1 })
  await within(pool.ready(), 'ready()')
  expect(pool.stats().workers).toEqual({ total: 0, busy: 0, idle: 0, spare: 1 })
  expect(await within(pool.execute(where), 'the task')).toBe(1)
})

test('end with their pool', async () => {
  const pool = poolOf({ spareWorkers: 2 })
  await within(pool.ready(), 'ready()')
  await within(pool.close(), 'close()')
  expect(pool.stats().workers).toEqual({ total: 0, busy: 0, idle: 0 })
})

test.each([
  [-1, 'ERR_OUT_OF_RANGE'],
  [1.5, 'ERR_OUT_OF_RANGE'],
  [Number.NaN, 'ERR_OUT_OF_RANGE'],
  [4097, 'ERR_OUT_OF_RANGE'],
  ['1', 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE']
])('%p of them is refused', (spareWorkers, code) => {
  expect(() => poolOf({ spareWorkers })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining("The option 'spareWorkers'") })
  )
})
