'use strict'

// Never more JavaScript tasks run at a time than maxWorkers × concurrentTasksPerWorker, those that are being stopped
// included until they are really over.

const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(undefined)

/** Beats in its cell for as long as it runs, which is until it is stopped. */
const beat = ({ view, cell }) => {
  for (;;) Atomics.add(view, cell, 1)
}

/**
 * Counts itself among those that run, and answers how many ran at one moment, itself included: those that had counted
 * themselves then, and those that have beaten since. (Nobody begins to beat later.)
 */
const count = ({ view, cells }) => {
  const others = Atomics.add(view, 0, 1)
  const before = cells.map((cell) => Atomics.load(view, cell))
  const end = performance.now() + 3
  while (performance.now() < end);
  const beating = cells.filter((cell, n) => Atomics.load(view, cell) !== before[n]).length
  Atomics.sub(view, 0, 1)
  return others + 1 + beating
}

const STOPS = {
  'time out': (pool, input) => pool.execute(beat, input, { timeout: 15 }),
  'are aborted': (pool, input) => {
    const controller = new AbortController()
    const task = pool.execute(beat, input, { signal: controller.signal })
    until(() => Atomics.load(input.view, input.cell) > 0, 'the loop').then(() => controller.abort())
    return task
  }
}

describe.each([
  ['a pool of one', { size: 1 }],
  ['a pool of two', { size: 2 }],
  ['a pool of one with one in reserve', { size: 1, spareWorkers: 1 }],
  ['a pool of one that keeps its worker', { size: 1, keepWorkerAfterStop: true }]
])('%s', (_, options) => {
  test.each(Object.keys(STOPS))('when its tasks %s', async (way) => {
    const { size } = options
    for (let round = 0; round < 6; round++) {
      const pool = poolOf(options)
      await within(pool.ready(), 'ready()')
      const view = makeView(size + 1)
      const cells = Array.from({ length: size }, (_, n) => n + 1)
      let mostShown = 0
      const look = () => {
        const { workers, perWorker } = pool.stats()
        mostShown = Math.max(mostShown, workers.total, workers.busy, perWorker.length)
      }
      const stopped = cells.map((cell) => STOPS[way](pool, { view, cell }).catch(look))
      const counted = Array.from({ length: 6 }, () => pool.execute(count, { view, cells }).finally(look))
      for (const ran of await within(Promise.all(counted), 'those after them', 20_000))
        expect(ran).toBeLessThanOrEqual(size)
      await Promise.all(stopped)
      expect(mostShown).toBeLessThanOrEqual(size)
      await within(pool.terminate(), 'terminate()')
    }
  })
})

test('a worker that has to be ended by force counts until its thread is gone', async () => {
  const pool = poolOf({ size: 1 })
  await within(pool.ready(), 'ready()')
  const view = makeView(2)
  // After an await nothing can be terminated alone.
  const loops = async ({ view }) => {
    await null
    for (;;) Atomics.add(view, 1, 1)
  }
  const stopped = rejection(pool.execute(loops, { view }, { timeout: 10 }))
  const after = pool.execute(count, { view, cells: [1] })
  expect(await stopped).toMatchObject({ code: 'ERR_TASK_TIMEOUT' })
  expect(await within(after, 'the next task', 20_000)).toBe(1)
})

test('with several places, what else runs in a worker that was cut off finishes, and the places that are left are used', async () => {
  const pool = poolOf({ size: 1, concurrentTasksPerWorker: 3 })
  await within(pool.ready(), 'ready()')
  const view = makeView(2)
  const waits = async ({ view }) => {
    const now = Atomics.add(view, 0, 1) + 1
    while (Atomics.load(view, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    Atomics.sub(view, 0, 1)
    return now
  }
  const pending = [1, 2].map(() => pool.execute(waits, { view }))
  await until(() => view[0] === 2, 'two of them')
  const never = rejection(pool.execute(() => new Promise(() => {}), undefined, { timeout: 10 }))
  const later = [1, 2, 3].map(() => pool.execute(waits, { view }))
  expect(await never).toMatchObject({ code: 'ERR_TASK_TIMEOUT' })
  await until(() => view[0] === 3, 'one more, elsewhere')
  Atomics.store(view, 1, 1)
  for (const ran of await within(Promise.all([...pending, ...later]), 'all of them'))
    expect(ran).toBeLessThanOrEqual(3)
})
