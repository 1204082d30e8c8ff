'use strict'

// A native task on several threads of its pool: those that would be idle.

require('./support/probe.js')
const { WorkerPool } = require('..')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')
const { isSettled, until, within } = require('./support/waiting.js')

const poolOf = (nativeThreads, more) => track(new WorkerPool({ nativeThreads, ...more }))
const fork = (pool, input, options) => within(pool.execute('native:probe-fork', input, options), 'the fork')

describe('a task that forks', () => {
  test.each([0, 1, 2, 1000])('has a result for each of %i parts', async (parts) => {
    expect(await fork(poolOf(3), { parts, rounds: 0 })).toHaveLength(parts)
  })

  test('is helped by threads that are idle', async () => {
    const pool = poolOf(3)
    // Nobody goes on before three parts are under way at a time.
    const names = await fork(pool, { parts: 3, meeting: 3 })
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(/^threadmill-\d+$/)
    expect(pool.stats().nativeThreads.total).toBe(3)
  })

  test('is alone on the only thread of its pool', async () => {
    const names = await fork(poolOf(1), { parts: 20 })
    expect(new Set(names).size).toBe(1)
  })

  test('counts once, however many have helped', async () => {
    const pool = poolOf(3)
    await fork(pool, { parts: 3, meeting: 3 })
    const { tasks, perTask, perWorker } = pool.stats()
    expect(tasks).toMatchObject({ submitted: 1, completed: 1 })
    expect(perTask['native:probe-fork']).toMatchObject({ completed: 1 })
    expect(perWorker.reduce((sum, each) => sum + each.tasks, 0)).toBe(1)
    for (const { busyTime } of perWorker) expect(busyTime).toBeGreaterThan(0)
  })

  test('is helped in its last fork as in its first', async () => {
    const pool = poolOf(3)
    for (let round = 0; round < 5; round++)
      expect(new Set(await fork(pool, { parts: 3, meeting: 3, times: 200 })).size).toBe(3)
  })

  test('fails with the first part that does', async () => {
    const pool = poolOf(3)
    const error = await rejection(fork(pool, { parts: 100, failsAt: 7 }))
    expect(error).toMatchObject({ code: 'ERR_PROBE', message: 'The part 7 was told to fail.' })
    expect(await fork(pool, { parts: 3 })).toHaveLength(3)
  })

  test('panics with a part that does, and its threads go on', async () => {
    const pool = poolOf(3)
    const error = await rejection(fork(pool, { parts: 100, panicsAt: 50 }))
    expect(error).toMatchObject({ code: 'ERR_TASK_PANIC' })
    expect(error.message).toContain('part 50')
    expect(await fork(pool, { parts: 3, meeting: 3 })).toHaveLength(3)
    expect(pool.stats().nativeThreads.total).toBe(3)
  })
})

describe('a forked task that is stopped', () => {
  // Parts that wait for more of them than there are threads never end by themselves.
  const endless = { parts: 64, meeting: 64 }

  test('by its timeout ends on every thread', async () => {
    const pool = poolOf(3)
    expect(await rejection(fork(pool, endless, { timeout: 50 }))).toMatchObject({ code: 'ERR_TASK_TIMEOUT' })
    expect(await fork(pool, { parts: 3, meeting: 3 })).toHaveLength(3)
  })

  test('by its signal, too', async () => {
    const pool = poolOf(2)
    const controller = new AbortController()
    const task = fork(pool, endless, { signal: controller.signal })
    setImmediate(() => controller.abort())
    expect(await rejection(task)).toBe(controller.signal.reason)
    expect(await fork(pool, { parts: 2, meeting: 2 })).toHaveLength(2)
  })

  test('by the end of its pool leaves no thread', async () => {
    const pool = poolOf(3)
    const task = rejection(fork(pool, endless))
    await fork(poolOf(1), { parts: 1 })
    await within(pool.terminate(), 'terminate()')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
    expect(pool.stats().nativeThreads.total).toBe(0)
  })

  test('is waited for by close()', async () => {
    const pool = poolOf(2)
    const task = fork(pool, { parts: 50 })
    await within(pool.close(), 'close()')
    expect(await task).toHaveLength(50)
  })
})

describe('helpers give way', () => {
  // So many parts that they are not done before the test ends them.
  async function longFork(pool) {
    await fork(pool, { parts: 2, meeting: 2 }) // both threads are there
    const controller = new AbortController()
    const over = rejection(
      pool.execute('native:probe-fork', { parts: 100_000, rounds: 100_000 }, { signal: controller.signal })
    )
    await until(() => pool.stats().nativeThreads.busy === 2, 'a helper')
    return () => {
      controller.abort()
      return over
    }
  }

  test('to tasks of higher priority and of the same, but not to those of lower', async () => {
    const pool = poolOf(2)
    const end = await longFork(pool)
    const low = pool.priority('low', 'native:noop')
    for (let n = 0; n < 20; n++)
      await within(
        pool.priority(n % 2 ? 'high' : 'normal', 'native:noop'),
        'a task of its priority or higher'
      )
    expect(await isSettled(low)).toBe(false)
    expect(await end()).toMatchObject({ name: 'AbortError' })
    await within(low, 'the one that waited')
  })

  test('and a fork beside a task that holds the other thread does without it', async () => {
    const pool = poolOf(2)
    const pipe = makePipe()
    const held = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const names = await fork(pool, { parts: 10 })
    expect(new Set(names).size).toBe(1)
    pipe.release()
    await within(held, 'the other task')
  })
})
