'use strict'

const { WorkerPool } = require('..')
const { ENTERED, entered, makeGate, open } = require('./support/gates.js')
const { makeLog, readLog } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { blockFor, untilSync, within } = require('./support/waiting.js')

/** A pool whose only worker stands at a gate, and what runs there once it is let go. */
async function blockedPool(options) {
  const pool = track(new WorkerPool(TASKS, { maxWorkers: 1, nativeThreads: 1, ...options }))
  const gate = makeGate()
  const log = makeLog()
  const tasks = [pool.execute('block', gate)]
  await entered(gate)
  return {
    pool,
    /** Queues a task that notes `number`. */
    queue(number, executeOptions) {
      tasks.push(pool.execute('note', { log, number }, executeOptions))
    },
    queueAt(level, number) {
      tasks.push(pool.priority(level, 'note', { log, number }))
    },
    async order() {
      open(gate)
      await within(Promise.all(tasks), 'the queued tasks')
      return readLog(log)
    }
  }
}

describe('JavaScript tasks that wait', () => {
  test('of one priority run in the order they came', async () => {
    const { queue, order } = await blockedPool()
    const numbers = range(500)
    for (const number of numbers) queue(number)
    await expect(order()).resolves.toEqual(numbers)
  })

  test('run by their numbers, larger first', async () => {
    const { queue, order } = await blockedPool()
    for (const number of [0, 5, -5, 100, 1, -100]) queue(number, { priority: number })
    await expect(order()).resolves.toEqual([100, 5, 1, 0, -5, -100])
  })

  test('run by their names', async () => {
    const { queue, order } = await blockedPool()
    for (const [number, priority] of ['low', 'urgent', 'normal', 'lowest', 'high'].entries())
      queue(number, { priority })
    await expect(order()).resolves.toEqual([1, 4, 2, 0, 3])
  })

  test('names and numbers mean the same', async () => {
    const { queue, order } = await blockedPool()
    const same = [
      ['lowest', -20],
      ['low', -10],
      ['normal', 0],
      ['high', 10],
      ['urgent', 20]
    ]
    let count = 0
    for (const [name, number] of same) {
      queue(count++, { priority: name })
      queue(count++, { priority: number })
      queue(count++, { priority: name })
    }
    await expect(order()).resolves.toEqual([12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2])
  })

  test('without a priority are normal', async () => {
    const { queue, order } = await blockedPool()
    queue(0, { priority: -1 })
    queue(1)
    queue(2, { priority: 'normal' })
    queue(3, {})
    queue(4, { priority: 1 })
    await expect(order()).resolves.toEqual([4, 1, 2, 3, 0])
  })

  test('queued by priority() line up with those of execute()', async () => {
    const { queue, queueAt, order } = await blockedPool()
    queueAt('low', 0)
    queue(1)
    queueAt('high', 2)
    queue(3, { priority: 'high' })
    queueAt(10, 4)
    await expect(order()).resolves.toEqual([2, 3, 4, 1, 0])
  })

  test('0 and -0 are one priority', async () => {
    const { queue, order } = await blockedPool()
    for (const number of [0, 1, 2, 3]) queue(number, { priority: number % 2 ? -0 : 0 })
    await expect(order()).resolves.toEqual([0, 1, 2, 3])
  })

  test('fractions and the largest numbers', async () => {
    const { queue, order } = await blockedPool()
    const priorities = [
      0.1,
      -Number.MAX_VALUE,
      0.2,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      -0.1,
      1e15 + 0.5,
      1e15
    ]
    for (const [number, priority] of priorities.entries()) queue(number, { priority })
    await expect(order()).resolves.toEqual([3, 6, 7, 2, 0, 4, 5, 1])
  })

  test('come in order among a thousand priorities', async () => {
    const { queue, order } = await blockedPool()
    const numbers = Array.from({ length: 1000 }, (_, n) => (n * 7919) % 1000)
    for (const number of numbers) queue(number, { priority: number })
    await expect(order()).resolves.toEqual([...numbers].sort((a, b) => b - a))
  })

  test('whose input goes by message keep their place', async () => {
    const { pool, queue, order } = await blockedPool()
    const seen = []
    queue(1, { priority: 1 })
    // A class instance and a regular expression, which cross by structured clone.
    const odd = pool.execute('echo', /x/, { priority: 5 }).then(() => seen.push('odd'))
    const even = pool.execute('echo', new Error('x'), { priority: -5 }).then(() => seen.push('even'))
    queue(2)
    await expect(order()).resolves.toEqual([1, 2])
    await within(Promise.all([odd, even]), 'the tasks')
    expect(seen).toEqual(['odd', 'even'])
  })

  test('a task that runs is not interrupted by an urgent one', async () => {
    const { queue, order, pool } = await blockedPool()
    queue(1, { priority: 'urgent' })
    expect(pool.stats()).toMatchObject({ workers: { busy: 1 }, queue: { length: 1 } })
    await expect(order()).resolves.toEqual([1])
  })
})

describe('tasks submitted in one go to an idle pool', () => {
  test('begin with the first, at once, and go on by priority', async () => {
    const pool = track(new WorkerPool(TASKS, { size: 1 }))
    await pool.ready()
    const [gate, log] = [makeGate(), makeLog()]
    const note = (number) => pool.execute('note', { log, number }, { priority: number })
    const first = pool.execute('block', gate, { priority: 'lowest' })
    untilSync(() => Atomics.load(gate, ENTERED) === 1, 'the first, while the rest is being submitted')
    const rest = [-10, 20, 0, 10].map(note)
    open(gate)
    await within(Promise.all([first, ...rest]), 'the tasks')
    expect(readLog(log)).toEqual([20, 10, 0, -10])
  })

  test('each start with the highest of what waits at that moment, whichever worker asks', async () => {
    const pool = track(new WorkerPool(TASKS, { size: 1 }))
    for (let round = 0; round < 20; round++) {
      const log = makeLog()
      const numbers = [-20, 0, 20, -10, 10, 5]
      await within(
        Promise.all(numbers.map((number) => pool.execute('note', { log, number }, { priority: number }))),
        'the tasks'
      )
      // Whoever came before its betters was alone when the worker asked: it came earlier than each of them.
      const order = readLog(log)
      for (const [at, number] of order.entries())
        for (const better of order.slice(at + 1).filter((other) => other > number))
          expect(numbers.indexOf(number)).toBeLessThan(numbers.indexOf(better))
    }
  })
})

describe('native tasks that wait', () => {
  async function blockedThread() {
    const pool = track(new WorkerPool({ nativeThreads: 1, maxWorkers: 1 }))
    const pipe = makePipe()
    const blocker = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    return { pool, pipe, blocker }
  }

  test('run by priority, equals in the order they came', async () => {
    const { pool, pipe, blocker } = await blockedThread()
    const order = []
    const priorities = ['low', 0, 'urgent', 5, 'normal', 'high', 5, -100, 20]
    const tasks = priorities.map((priority, n) =>
      pool.execute('native:hash', { data: String(n) }, { priority }).then(() => order.push(n))
    )
    tasks.push(pool.priority('urgent', 'native:noop').then(() => order.push('noop')))
    expect(pool.stats().queue).toMatchObject({ length: 10 })
    pipe.release()
    await within(Promise.all([blocker, ...tasks]), 'the queued tasks')
    expect(order).toEqual([2, 8, 'noop', 5, 3, 6, 1, 4, 0, 7])
  })

  test('do not hold JavaScript tasks up, and the other way round', async () => {
    const { pool, pipe, blocker } = await blockedThread()
    pool.execute('native:noop', undefined, { priority: 'urgent' })
    await expect(
      within(
        pool.execute((n) => n, 1, { priority: 'lowest' }),
        'the task'
      )
    ).resolves.toBe(1)
    pipe.release()
    await within(blocker, 'the native task')
    const gate = makeGate()
    const script = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const held = script.execute('block', gate)
    await entered(gate)
    await within(script.execute('native:noop', undefined, { priority: 'lowest' }), 'the native task')
    open(gate)
    await held
  })
})

// Waiting is what aging is about, so that real time has to pass.
describe('aging', () => {
  test('lets a low task that has waited long enough go first', async () => {
    const { queue, order } = await blockedPool({ aging: 1 })
    queue(0, { priority: 'low' })
    blockFor(50) // worth 50, more than the 20 between low and high
    queue(1, { priority: 'high' })
    await expect(order()).resolves.toEqual([0, 1])
  })

  test('leaves a low task behind that has not waited long enough', async () => {
    const { queue, order } = await blockedPool({ aging: 1e9 })
    queue(0, { priority: 'low' })
    blockFor(50)
    queue(1, { priority: 'high' })
    await expect(order()).resolves.toEqual([1, 0])
  })

  test('is off by default, and with 0', async () => {
    for (const options of [{}, { aging: 0 }]) {
      const { queue, order } = await blockedPool(options)
      queue(0, { priority: -0.001 })
      blockFor(50)
      queue(1)
      await expect(order()).resolves.toEqual([1, 0])
    }
  })

  test('keeps equals in the order they came', async () => {
    const { queue, order } = await blockedPool({ aging: 1 })
    for (let number = 0; number < 100; number++) {
      if (number % 25 === 0) blockFor(2)
      queue(number)
    }
    await expect(order()).resolves.toEqual(range(100))
  })

  test('works for native tasks as well', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 1, aging: 1 }))
    const pipe = makePipe()
    const blocker = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const order = []
    const low = pool.execute('native:noop', undefined, { priority: 'low' }).then(() => order.push('low'))
    blockFor(50)
    const high = pool.execute('native:noop', undefined, { priority: 'high' }).then(() => order.push('high'))
    pipe.release()
    await within(Promise.all([blocker, low, high]), 'the tasks')
    expect(order).toEqual(['low', 'high'])
  })

  test('of next to nothing makes the waiting all that counts', async () => {
    const { queue, order } = await blockedPool({ aging: 1e-7 })
    for (const number of [0, 1, 2, 3]) {
      queue(number, { priority: number % 2 ? 'high' : 'low' })
      blockFor(2)
    }
    await expect(order()).resolves.toEqual([0, 1, 2, 3])
  })
})

describe('priority()', () => {
  test('is execute() with a priority, also where that was overridden', async () => {
    const calls = []
    class Counting extends WorkerPool {
      execute(task, input, options) {
        calls.push([task, input, { ...options }])
        return super.execute(task, input, options)
      }
    }
    const pool = track(new Counting({ maxWorkers: 1 }))
    const identity = (value) => value
    await expect(pool.priority('high', identity, 1)).resolves.toBe(1)
    await expect(pool.priority(-3, 'native:noop', { data: '2' }, { timeout: 5000 })).resolves.toBe('2')
    expect(calls).toEqual([
      [identity, 1, { priority: 10 }],
      ['native:noop', { data: '2' }, { priority: -3, timeout: 5000 }]
    ])
  })

  test('reads each option once', async () => {
    let reads = 0
    const options = {
      get timeout() {
        reads++
        return 5000
      }
    }
    const pool = track(new WorkerPool())
    await pool.priority('high', 'native:noop', undefined, options)
    expect(reads).toBe(1)
  })
})

describe('what is no priority is refused', () => {
  test.each([
    ['NaN', Number.NaN, 'ERR_OUT_OF_RANGE'],
    ['Infinity', Number.POSITIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
    ['-Infinity', Number.NEGATIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
    ['a name that does not exist', 'highest', 'ERR_INVALID_ARG_VALUE'],
    ['a name in capitals', 'HIGH', 'ERR_INVALID_ARG_VALUE'],
    ['an empty name', '', 'ERR_INVALID_ARG_VALUE'],
    ['a name that every object has', 'toString', 'ERR_INVALID_ARG_VALUE'],
    ['__proto__', '__proto__', 'ERR_INVALID_ARG_VALUE'],
    ['a number as text', '5', 'ERR_INVALID_ARG_VALUE'],
    ['a bigint', 5n, 'ERR_INVALID_ARG_TYPE'],
    ['a boolean', true, 'ERR_INVALID_ARG_TYPE'],
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['an object', { valueOf: () => 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['a symbol', Symbol('high'), 'ERR_INVALID_ARG_TYPE']
  ])('%s', async (_, priority, code) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    for (const task of ['echo', 'native:noop', () => 1]) {
      const error = await rejection(pool.execute(task, undefined, { priority }))
      expect(error).toMatchObject({ name: 'PoolError', code })
      expect(error.message).toContain("'priority'")
      expect(await rejection(pool.priority(priority, task))).toMatchObject({ code })
    }
    expect(pool.stats().tasks.submitted).toBe(0)
  })

  test('priority() without a level', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    expect(await rejection(pool.priority(undefined, 'echo'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })
})
