'use strict'

const { entered, makeGate, open } = require('./support/gates.js')
const { makeLog, readLog } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf } = require('./support/pools.js')
const { STEERED } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(STEERED)

/** A pool all of whose workers are up. */
async function readyPool(size, options) {
  const pool = poolOf({ size, ...options })
  await within(pool.ready(), 'ready()')
  return pool
}

const STRATEGIES = ['shared', 'round-robin', 'least-loaded']

describe("strategy 'round-robin'", () => {
  test('gives each worker a task in turn, one by one', async () => {
    const pool = await readyPool(3, { strategy: 'round-robin' })
    const workers = []
    for (let n = 0; n < 9; n++) workers.push(await pool.execute('whoever'))
    expect(new Set(workers.slice(0, 3)).size).toBe(3)
    expect(workers.slice(3, 6)).toEqual(workers.slice(0, 3))
    expect(workers.slice(6)).toEqual(workers.slice(0, 3))
  })

  test.each([
    ['by value', 0],
    ['by message', /x/]
  ])('and so if they come at once: %s', async (_, input) => {
    const pool = await readyPool(3, { strategy: 'round-robin' })
    const workers = await within(
      Promise.all(range(12).map(() => pool.execute('whoever', input))),
      'the tasks'
    )
    for (const [n, worker] of workers.entries()) expect(worker).toBe(workers[n % 3])
    expect(new Set(workers).size).toBe(3)
  })

  test('also if a worker is busy: its tasks wait for it', async () => {
    const pool = await readyPool(2, { strategy: 'round-robin' })
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    const [free, waits] = [pool.execute('whoever'), pool.execute('whoever')]
    const other = await within(free, 'the task of the free worker')
    expect(pool.stats().queue.length).toBe(1)
    open(gate)
    expect(await within(waits, 'the task of the busy worker')).toBe(3 - other)
    await held
  })
})

describe("strategy 'least-loaded'", () => {
  test('gives a task to the worker with the fewest, running and waiting', async () => {
    const pool = await readyPool(2, { strategy: 'least-loaded' })
    const gates = [makeGate(), makeGate()]
    const held = [pool.execute('block', gates[0]), pool.execute('block', gates[1])]
    await entered(gates[0])
    await entered(gates[1])
    const waiting = [pool.execute('whoever'), pool.execute('whoever')] // one for each
    open(gates[1])
    await held[1]
    const fast = await within(Promise.race(waiting), 'the task behind the opened gate')
    // The other worker has two tasks, this one none.
    for (let n = 0; n < 5; n++) expect(await within(pool.execute('whoever'), `task ${n}`)).toBe(fast)
    open(gates[0])
    expect((await within(Promise.all(waiting), 'the waiting tasks')).sort()).toEqual([1, 2])
    await held[0]
  })

  test('spreads tasks that come at once evenly', async () => {
    const pool = await readyPool(3, { strategy: 'least-loaded' })
    const gates = range(3).map(makeGate)
    const held = gates.map((gate) => pool.execute('block', gate))
    for (const gate of gates) await entered(gate)
    const tasks = range(30).map(() => pool.execute('whoever'))
    gates.forEach(open)
    const workers = await within(Promise.all(tasks), 'the tasks')
    for (const id of [1, 2, 3]) expect(workers.filter((worker) => worker === id)).toHaveLength(10)
    await Promise.all(held)
  })
})

describe('affinity', () => {
  const KEYS = ['a', 'b', '', 'ä', 0, -1, 1.5, 1e21, 'a long key '.repeat(100)]

  test.each(STRATEGIES)('keeps tasks of one key on one worker: %s', async (strategy) => {
    const pool = await readyPool(3, { strategy })
    const homes = new Map()
    const tasks = range(90).map(async (n) => {
      const affinity = KEYS[n % KEYS.length]
      const worker = await pool.execute('whoever', n % 2 ? n : /by message/, { affinity })
      expect(homes.get(affinity) ?? worker).toBe(worker)
      homes.set(affinity, worker)
    })
    await within(Promise.all(tasks), 'the tasks')
    expect(new Set(homes.values()).size).toBeGreaterThan(1)
  })

  test('a number counts as its text', async () => {
    const pool = await readyPool(4)
    for (const [number, text] of [
      [1, '1'],
      [-0.5, '-0.5'],
      [0x10, '16']
    ]) {
      const home = await pool.execute('whoever', 0, { affinity: number })
      for (let n = 0; n < 4; n++) expect(await pool.execute('whoever', 0, { affinity: text })).toBe(home)
    }
  })

  test('a task waits for its worker although others are free', async () => {
    const pool = await readyPool(2)
    const gate = makeGate()
    const held = pool.execute('block', gate, { affinity: 'k' })
    await entered(gate)
    const waits = pool.execute('whoever', 0, { affinity: 'k' })
    const other = await within(pool.execute('whoever'), 'a task without a key')
    expect(pool.stats().queue.length).toBe(1)
    open(gate)
    expect(await within(waits, 'the task of the key')).toBe(3 - other)
    await held
  })

  test('a key moves for good when its worker dies', async () => {
    const pool = await readyPool(2)
    const first = await pool.execute('whoever', 0, { affinity: 'k' })
    expect(await rejection(pool.execute('exit', 1, { affinity: 'k' }))).toMatchObject({
      code: 'ERR_WORKER_EXITED'
    })
    const second = await within(pool.execute('whoever', 0, { affinity: 'k' }), 'the next task')
    expect(second).not.toBe(first)
    await within(pool.ready(), 'a replacement')
    for (let n = 0; n < 5; n++) expect(await pool.execute('whoever', 0, { affinity: 'k' })).toBe(second)
  })

  test('a key moves when its worker is retired or replaced', async () => {
    const idle = poolOf({ maxWorkers: 2, idleTimeout: 5 })
    const home = await idle.execute('whoever', 0, { affinity: 'k' })
    await until(() => idle.stats().workers.total === 0, 'the retirement')
    expect(await within(idle.execute('whoever', 0, { affinity: 'k' }), 'the next task')).not.toBe(home)

    const worn = poolOf({ maxWorkers: 2, maxTasksPerWorker: 2 })
    const tasks = range(10).map(() => worn.execute('whoever', 0, { affinity: 'k' }))
    expect(new Set(await within(Promise.all(tasks), 'the tasks')).size).toBeGreaterThanOrEqual(5)
  })

  test('ten thousand keys, each with its worker', async () => {
    const pool = await readyPool(4)
    const round = (key) =>
      within(
        Promise.all(range(10_000).map((n) => pool.execute('whoever', 0, { affinity: key(n) }))),
        'the round',
        12_000
      )
    const homes = await round((n) => n)
    expect(new Set(homes).size).toBe(4)
    expect(await round((n) => `${n}`)).toEqual(homes)
  })
})

describe('the order', () => {
  /** What runs, once the only worker's gate opens, of tasks that note their number. */
  async function orderOf(pool, submit) {
    const gate = makeGate()
    const log = makeLog()
    const held = pool.execute('block', gate)
    await entered(gate)
    const note = (number, options) => pool.execute('note', { log, number }, options)
    const tasks = submit(note)
    open(gate)
    await within(Promise.all([held, ...tasks]), 'the tasks')
    return readLog(log)
  }

  test.each(STRATEGIES)('is by priority, then first in, first out: %s', async (strategy) => {
    const pool = poolOf({ maxWorkers: 1, strategy })
    const priorities = [0, 5, 0, -3, 5, 'high', 0, 'low']
    const order = await orderOf(pool, (note) => priorities.map((priority, n) => note(n, { priority })))
    expect(order).toEqual([5, 1, 4, 0, 2, 6, 3, 7])
  })

  test("holds across a worker's own queue and the shared one", async () => {
    const pool = poolOf({ maxWorkers: 1 })
    const order = await orderOf(pool, (note) =>
      range(12).map((n) => note(n, { priority: n % 3, ...(n % 2 ? { affinity: 'k' } : {}) }))
    )
    expect(order).toEqual([2, 5, 8, 11, 1, 4, 7, 10, 0, 3, 6, 9])
  })

  test.each(STRATEGIES)('holds when a worker has died and its tasks move: %s', async (strategy) => {
    const pool = poolOf({ maxWorkers: 1, strategy })
    const gate = makeGate()
    const log = makeLog()
    const dying = rejection(pool.execute('blockThenExit', { gate, code: 3 }))
    await entered(gate)
    const tasks = range(8).map((number) => {
      const key = number % 4 === 0 ? { affinity: 'k' } : {}
      return pool.execute('note', { log, number }, { priority: number % 2, ...key })
    })
    open(gate)
    expect(await dying).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await within(Promise.all(tasks), 'the tasks')
    expect(readLog(log)).toEqual([1, 3, 5, 7, 0, 2, 4, 6])
  })
})

describe('the tasks that wait for a worker', () => {
  test.each(STRATEGIES)('go to others when it dies: %s', async (strategy) => {
    const pool = await readyPool(2, { strategy })
    const [dies, lives] = [makeGate(), makeGate()]
    const dying = rejection(pool.execute('blockThenExit', { gate: dies, code: 3 }, { affinity: 'dies' }))
    const held = pool.execute('blockThenReturn', { gate: lives, value: 'lives' })
    await entered(dies)
    await entered(lives)
    const tasks = range(10).map((n) => {
      const options = n % 3 === 0 ? { affinity: 'dies' } : {}
      return pool.execute('echo', n % 2 ? n : /by message/, options)
    })
    open(dies)
    expect(await dying).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    open(lives)
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(
      range(10).map((n) => (n % 2 ? n : /by message/))
    )
    await expect(held).resolves.toBe('lives')
    expect(pool.stats().queue.length).toBe(0)
  })

  test.each(STRATEGIES)('go to others when it ends by resize(): %s', async (strategy) => {
    const pool = await readyPool(3, { strategy, minWorkers: undefined })
    const gates = range(3).map(makeGate)
    const held = gates.map((gate) => pool.execute('block', gate))
    for (const gate of gates) await entered(gate)
    const tasks = range(30).map((n) => pool.execute('echo', n))
    const resized = pool.resize({ minWorkers: 1, maxWorkers: 1 })
    gates.forEach(open)
    await within(Promise.all(held), 'the held tasks')
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(range(30))
    await within(resized, 'resize()')
  })
})

describe('native tasks', () => {
  test.each(STRATEGIES)('run on any native thread, whatever their key: %s', async (strategy) => {
    const pool = poolOf({ strategy, nativeThreads: 2, maxWorkers: 1, concurrentTasksPerWorker: 8 })
    const pipes = [makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) =>
      pool.execute('native:hash', { data: { path: file } }, { affinity: 'k' })
    )
    for (const pipe of pipes) await pipe.reached() // both run
    expect(pool.stats()).toMatchObject({ nativeThreads: { total: 2, busy: 2 }, workers: { total: 0 } })
    const more = range(20).map((n) => pool.execute('native:noop', { data: `${n}` }, { affinity: n }))
    for (const pipe of pipes) pipe.release()
    await within(Promise.all(tasks), 'the tasks')
    await expect(within(Promise.all(more), 'the others')).resolves.toEqual(range(20).map(String))
  })
})
