'use strict'

const { WorkerPool, PoolError } = require('..')
const { hear } = require('./support/events.js')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { STEERED } = require('./support/scripts.js')
const { delay, isSettled, turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(STEERED)
const totalOf = (pool) => pool.stats().workers.total

/** A pool all of whose workers stand at a gate. */
async function busyPool(count, options) {
  const pool = poolOf({ maxWorkers: count, ...options })
  const gates = Array.from({ length: count }, makeGate)
  const tasks = gates.map((gate, value) => pool.execute('blockThenReturn', { gate, value }))
  for (const gate of gates) await entered(gate)
  return { pool, gates, tasks }
}

/** A pool with so many idle workers. */
async function idlePool(count, options) {
  const { pool, gates, tasks } = await busyPool(count, options)
  gates.forEach(open)
  await Promise.all(tasks)
  await until(() => pool.stats().workers.idle === count, 'idle workers')
  return pool
}

describe('a pool grows with its queue', () => {
  test('by one worker for each task that finds the others busy, up to maxWorkers', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const gate = makeGate()
    const tasks = []
    for (const [task, workers] of [1, 2, 3, 3, 3].entries()) {
      tasks.push(pool.execute('block', gate))
      await entered(gate, Math.min(task + 1, 3))
      expect(totalOf(pool)).toBe(workers)
    }
    expect(pool.stats().queue.length).toBe(2)
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
    expect(totalOf(pool)).toBe(3)
  })

  test.each(['shared', 'round-robin', 'least-loaded'])('whatever the strategy: %s', async (strategy) => {
    const pool = poolOf({ maxWorkers: 3, strategy })
    const gate = makeGate()
    const tasks = Array.from({ length: 7 }, () => pool.execute('block', gate))
    await entered(gate, 3)
    expect(totalOf(pool)).toBe(3)
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
  })

  test('with native tasks only by native threads', async () => {
    const pool = poolOf({ maxWorkers: 3, nativeThreads: 2 })
    const pipes = [makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) => pool.execute('native:hash', { data: { path: file } }))
    for (const pipe of pipes) await pipe.reached()
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, nativeThreads: { total: 2, busy: 2 } })
    for (const pipe of pipes) pipe.release()
    await within(Promise.all(tasks), 'the tasks')
  })
})

describe('a pool shrinks', () => {
  test('to minWorkers when idle, and to a new and lower minWorkers', async () => {
    const pool = await idlePool(4, { minWorkers: 3, idleTimeout: 10 })
    await until(() => totalOf(pool) === 3, 'the retirement of the fourth worker')
    await within(pool.resize({ minWorkers: 1 }), 'resize()')
    await until(() => totalOf(pool) === 1, 'the retirement of all but one')
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
    expect(totalOf(pool)).toBe(1)
  })

  test('not at all with an idleTimeout of Infinity', async () => {
    const pool = await idlePool(3, { idleTimeout: Number.POSITIVE_INFINITY })
    await pool.execute((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)), 50)
    expect(totalOf(pool)).toBe(3)
  })

  test.each(
    [0, 1, 3].flatMap((idleTimeout) => ['shared', 'least-loaded'].map((each) => [idleTimeout, each]))
  )('without losing a task that comes just then: idleTimeout %i, %s', async (idleTimeout, strategy) => {
    const pool = poolOf({ maxWorkers: 2, idleTimeout, strategy })
    const atExits = []
    const submit = () => atExits.push(pool.execute('echo', 'at an exit'))
    pool.on('workerExit', submit)
    for (let round = 0; round < 12; round++) {
      const burst = [
        pool.execute('echo', round),
        pool.execute('echo', /by message/),
        pool.execute('echo', 'of a key', { affinity: round % 3 }),
        pool.execute(async (n) => n, round),
        pool.execute('native:noop', { data: 'native' })
      ]
      await expect(within(Promise.all(burst), `burst ${round}`)).resolves.toEqual([
        round,
        /by message/,
        'of a key',
        round,
        'native'
      ])
      await delay(round % 4) // to and fro around the timeout
    }
    pool.off('workerExit', submit)
    await within(Promise.all(atExits), 'the tasks submitted at exits')
    await within(pool.close(), 'close()')
  })
})

describe('resize()', () => {
  test('up, idle: resolves when the new minimum is up', async () => {
    const pool = await idlePool(1)
    await within(pool.resize({ minWorkers: 3, maxWorkers: 4 }), 'resize()')
    expect(pool.stats().workers).toEqual({ total: 3, busy: 0, idle: 3 })
  })

  test('up, of a fresh pool', async () => {
    const pool = poolOf({ maxWorkers: 1 })
    await within(pool.resize({ minWorkers: 2, maxWorkers: 2 }), 'resize()')
    expect(pool.stats().workers).toEqual({ total: 2, busy: 0, idle: 2 })
  })

  test('up, busy: tasks that wait are taken at once', async () => {
    const { pool, gates, tasks } = await busyPool(1)
    const gate = makeGate()
    const waiting = [1, 2, 3].map(() => pool.execute('block', gate))
    await within(pool.resize({ maxWorkers: 3 }), 'resize()')
    await entered(gate, 2)
    expect(pool.stats()).toMatchObject({ workers: { total: 3, busy: 3 }, queue: { length: 1 } })
    for (const each of [gate, ...gates]) open(each)
    await within(Promise.all([...tasks, ...waiting]), 'the tasks')
  })

  test('down, idle: resolves when the surplus is gone', async () => {
    const pool = await idlePool(4)
    const heard = hear(pool)
    await within(pool.resize({ maxWorkers: 1 }), 'resize()')
    expect(pool.stats().workers).toEqual({ total: 1, busy: 0, idle: 1 })
    await until(() => heard.exited.length === 3, 'three exits')
    expect(heard.exited.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect(heard.errors).toEqual([])
  })

  test('down, busy: the surplus ends after its tasks, what waits is for the rest', async () => {
    const { pool, gates, tasks } = await busyPool(3)
    const waiting = [1, 2, 3, 4].map((n) => pool.execute('echo', n))
    const resized = pool.resize({ maxWorkers: 1 })
    expect(await isSettled(resized)).toBe(false)
    expect(pool.stats().workers.busy).toBe(3)
    gates.forEach(open)
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual([0, 1, 2])
    await within(resized, 'resize()')
    await expect(within(Promise.all(waiting), 'the waiting tasks')).resolves.toEqual([1, 2, 3, 4])
    expect(totalOf(pool)).toBe(1)
  })

  test('down, with tasks that await, and an input on its way', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const gate = makeGate()
    const tasks = [1, 2, 3].map((value) => pool.execute('wait', { gate, value }))
    await entered(gate, 3)
    const byMessage = pool.execute('echo', /x/)
    const resized = pool.resize({ maxWorkers: 1 })
    open(gate)
    await within(resized, 'resize()')
    await expect(within(Promise.all([...tasks, byMessage]), 'the tasks')).resolves.toEqual([1, 2, 3, /x/])
  })

  test('down, while the surplus starts', async () => {
    const pool = poolOf({ maxWorkers: 4 })
    const tasks = [1, 2, 3, 4].map((n) => pool.execute('echo', n))
    await within(pool.resize({ maxWorkers: 1 }), 'resize()')
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual([1, 2, 3, 4])
    expect(totalOf(pool)).toBe(1)
  })

  test('of minWorkers alone never ends a worker by itself', async () => {
    const pool = await idlePool(3, { minWorkers: 3 })
    await within(pool.resize({ minWorkers: 0 }), 'resize()')
    expect(totalOf(pool)).toBe(3)
  })

  test('of nativeThreads, up: tasks that wait are taken at once', async () => {
    const pool = poolOf({ nativeThreads: 1 })
    const pipes = [makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) => pool.execute('native:hash', { data: { path: file } }))
    await pipes[0].reached()
    expect(pool.stats().queue.length).toBe(1)
    await within(pool.resize({ nativeThreads: 2 }), 'resize()')
    await pipes[1].reached()
    for (const pipe of pipes) pipe.release()
    await within(Promise.all(tasks), 'the tasks')
  })

  test('of nativeThreads, down: the surplus ends after its tasks', async () => {
    const pool = poolOf({ nativeThreads: 3 })
    const pipes = [makePipe(), makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) =>
      pool.execute('native:hash', { data: { path: file }, algorithm: 'crc32' })
    )
    for (const pipe of pipes) await pipe.reached()
    await within(pool.resize({ nativeThreads: 1 }), 'resize()')
    expect(pool.stats().nativeThreads.busy).toBe(3)
    for (const pipe of pipes) pipe.release('abc')
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(Array(3).fill('352441c2'))
    await until(() => pool.stats().nativeThreads.total === 1, 'the end of two native threads')
    await expect(pool.execute('native:noop', { data: 'x' })).resolves.toBe('x')
  })

  test('settles although a later call asks for less', async () => {
    // Each worker that is too many has gone before the next is up: four are never there at once.
    const script = write(
      'slow.mjs',
      `import { workerData } from 'node:worker_threads'
       export async function setup({ workerId }) {
         while (Atomics.load(workerData, 0) < workerId) await new Promise((resolve) => setTimeout(resolve, 1))
       }`
    )
    const allowed = makeView(1)
    const pool = track(new WorkerPool(script, { maxWorkers: 4, workerData: allowed }))
    const { started, exited } = hear(pool)
    const up = pool.resize({ minWorkers: 4 })
    const down = pool.resize({ minWorkers: 1, maxWorkers: 1 })
    for (let n = 1; n <= 4; n++) {
      Atomics.store(allowed, 0, n)
      await until(() => started.length === n && exited.length >= n - 1, `the start of worker ${n}`)
    }
    await within(down, 'resize() down')
    await within(up, 'resize() up')
    expect(totalOf(pool)).toBe(1)
  })

  test.each([
    ['have worked', (options) => idlePool(3, options)],
    [
      'have not worked',
      async (options) => {
        const pool = poolOf({ ...options, minWorkers: 3, maxWorkers: 3 })
        await within(pool.ready(), 'ready()')
        return pool
      }
    ]
  ])('down and at once up again: resolves when as many are there to stay, if they %s', async (_, make) => {
    const pool = await make()
    const { exited } = hear(pool)
    const down = pool.resize({ minWorkers: 1, maxWorkers: 1 })
    await within(pool.resize({ minWorkers: 3, maxWorkers: 3 }), 'resize() up')
    await within(down, 'resize() down')
    await turn()
    const before = exited.length
    const gate = makeGate()
    const tasks = [1, 2, 3].map(() => pool.execute('block', gate))
    await entered(gate, 3)
    expect(exited.length).toBe(before)
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
  })

  test('settles although a later call allows what it wanted gone', async () => {
    const { pool, gates, tasks } = await busyPool(3)
    const down = pool.resize({ maxWorkers: 1 })
    const up = pool.resize({ minWorkers: 3, maxWorkers: 5 })
    gates.forEach(open)
    await within(Promise.all(tasks), 'the tasks')
    await within(up, 'resize() up')
    await within(down, 'resize() down')
  })

  test('twenty times in a row while tasks come and go', async () => {
    const pool = poolOf({ maxWorkers: 1 })
    const tasks = []
    const resized = []
    for (let n = 0; n < 20; n++) {
      for (let each = 0; each < 5; each++) tasks.push(pool.execute('echo', n))
      resized.push(pool.resize({ minWorkers: n % 2, maxWorkers: 1 + (n % 3), nativeThreads: 1 + (n % 2) }))
      if (n % 4 === 0) await tasks.at(-1)
    }
    await within(Promise.all(tasks), 'the tasks')
    await within(Promise.all(resized), 'every resize()')
    const { total } = pool.stats().workers
    expect([total >= 1, total <= 2]).toEqual([true, true]) // n was 19: at least 1, at most 2
    await within(pool.close(), 'close()')
  })

  test('rejects with the reason when a new worker cannot start', async () => {
    const script = write('broken.cjs', "throw new RangeError('at load')")
    const pool = track(new WorkerPool(script, { maxWorkers: 2 }))
    const error = await rejection(pool.resize({ minWorkers: 1 }))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_SCRIPT_LOAD', cause: { message: 'at load' } })
  })

  test.each([
    ['minWorkers above maxWorkers', { minWorkers: 3 }, 'ERR_OUT_OF_RANGE'],
    ['maxWorkers below minWorkers', { minWorkers: 2, maxWorkers: 1 }, 'ERR_OUT_OF_RANGE'],
    ['no worker at all', { maxWorkers: 0 }, 'ERR_OUT_OF_RANGE'],
    ['nothing', {}, 'ERR_INVALID_ARG_VALUE'],
    ['something else', { size: 2 }, 'ERR_INVALID_ARG_VALUE']
  ])('rejects %s, and changes nothing', async (_, options, code) => {
    const pool = poolOf({ maxWorkers: 2 })
    expect(await rejection(pool.resize(options))).toMatchObject({ code })
    const gate = makeGate()
    const tasks = [1, 2, 3].map(() => pool.execute('block', gate))
    await entered(gate, 2)
    expect(totalOf(pool)).toBe(2)
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
  })

  test.each([
    ['close', 'ERR_POOL_CLOSED'],
    ['terminate', 'ERR_POOL_TERMINATED']
  ])('of a pool rejects during and after %s()', async (way, code) => {
    const pool = poolOf({ maxWorkers: 1 })
    await pool.execute('echo')
    const pending = rejection(pool.resize({ minWorkers: 2, maxWorkers: 3 }))
    const ended = pool[way]()
    expect(await pending).toMatchObject({ code })
    expect(await rejection(pool.resize({ maxWorkers: 2 }))).toMatchObject({ code })
    await within(ended, `${way}()`)
    expect(await rejection(pool.resize({ maxWorkers: 2 }))).toMatchObject({ code })
    expect(totalOf(pool)).toBe(0)
  })
})
