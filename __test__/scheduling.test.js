'use strict'

const { WorkerPool } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeLog, makeView, readLog } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { blockFor, waitSync, within } = require('./support/waiting.js')

const TASK_COUNT = 200

describe('while the main thread is blocked', () => {
  test.each([1, 2])('%i workers take one task after another', async (size) => {
    const pool = track(new WorkerPool(TASKS, size))
    await within(pool.ready(), 'ready()')
    const view = makeView(size + 1)
    const tasks = Array.from({ length: TASK_COUNT }, () => pool.execute('count', view))
    expect(waitSync(view, 0, TASK_COUNT)).toBe(true)
    await within(Promise.all(tasks), 'the promises')
  })

  test.each([1, 2])('%i workers that had not been started do so as well', async (size) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: size }))
    const view = makeView(size + 1)
    const tasks = Array.from({ length: TASK_COUNT }, () => pool.execute('count', view))
    expect(waitSync(view, 0, TASK_COUNT)).toBe(true)
    await within(Promise.all(tasks), 'the promises')
  })

  test('asynchronous tasks follow one another', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const view = makeView()
    const task = async (view) => {
      await new Promise((resolve) => setImmediate(resolve))
      Atomics.add(view, 0, 1)
      Atomics.notify(view, 0)
    }
    const tasks = Array.from({ length: 50 }, () => pool.execute(task, view))
    expect(waitSync(view, 0, 50)).toBe(true)
    await within(Promise.all(tasks), 'the promises')
  })

  test('failing tasks are followed by others', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const view = makeView()
    const failing = Array.from({ length: 20 }, (_, n) => pool.execute('fail', `no. ${n}`))
    const last = pool.execute('count', view)
    expect(waitSync(view, 0, 1)).toBe(true)
    const outcomes = await within(Promise.allSettled(failing), 'the rejections')
    expect(outcomes.map(({ reason }) => reason.message)).toEqual(failing.map((_, n) => `no. ${n}`))
    await last
  })

  test('a task that another one waits for gets a worker of its own', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2 }))
    const view = makeView()
    const tasks = [0, 1].map(() => pool.execute('meet', { view, count: 2 }))
    expect(waitSync(view, 0, 2)).toBe(true)
    const ids = await within(Promise.all(tasks), 'the two tasks')
    expect(new Set(ids).size).toBe(2)
  })

  test('the worker that is free takes everything, while the other one is held', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    await within(pool.ready(), 'ready()')
    const gate = makeGate()
    const view = makeView(3)
    const held = pool.execute('block', gate)
    expect(waitSync(gate, 1, 1)).toBe(true)
    const tasks = Array.from({ length: TASK_COUNT }, () => pool.execute('count', view))
    expect(waitSync(view, 0, TASK_COUNT)).toBe(true)
    expect([view[1], view[2]].sort()).toEqual([0, TASK_COUNT])
    open(gate)
    await within(Promise.all([held, ...tasks]), 'the promises')
  })

  test('native threads take one task after another', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 1 }))
    const pipes = [makePipe(), makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) =>
      pool.execute('native:hash', { data: { path: file }, algorithm: 'crc32' })
    )
    for (const pipe of pipes) {
      expect(pipe.reachedSync()).toBe(true) // the task before it is over
      pipe.release('abc')
    }
    await expect(within(Promise.all(tasks), 'the digests')).resolves.toEqual(Array(3).fill('352441c2'))
  })

  test('two native tasks run at once on two native threads', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 2 }))
    const pipes = [makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) =>
      pool.execute('native:hash', { data: { path: file }, algorithm: 'crc32' })
    )
    for (const pipe of pipes) expect(pipe.reachedSync()).toBe(true)
    for (const pipe of pipes) pipe.release('abc')
    await expect(within(Promise.all(tasks), 'the digests')).resolves.toEqual(Array(2).fill('352441c2'))
  })

  test('a task submitted meanwhile wakes a worker that had gone to sleep', async () => {
    const pool = track(new WorkerPool(TASKS, 1))
    await within(pool.ready(), 'ready()')
    const view = makeView()
    const tasks = []
    for (let n = 1; n <= 20; n++) {
      blockFor(3) // longer than an idle worker watches for the next task
      tasks.push(pool.execute('count', view))
      expect(waitSync(view, 0, n)).toBe(true)
    }
    await within(Promise.all(tasks), 'the promises')
  })
})

describe('work spreads', () => {
  test('over all workers', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 4 }))
    const view = makeView()
    const ids = await within(
      Promise.all([0, 1, 2, 3].map(() => pool.execute('meet', { view, count: 4 }))),
      'four tasks at once'
    )
    expect(new Set(ids).size).toBe(4)
  })

  test('around a worker that is held', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2 }))
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    const results = await within(
      Promise.all(Array.from({ length: 100 }, (_, n) => pool.execute('echo', n))),
      'the tasks behind'
    )
    expect(results).toEqual(range(100))
    open(gate)
    await held
  })

  test('around a native thread that is held', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 2 }))
    const pipe = makePipe()
    const held = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    await within(
      Promise.all(Array.from({ length: 100 }, () => pool.execute('native:noop'))),
      'the tasks behind'
    )
    pipe.release()
    await held
  })

  test('a burst of both kinds of tasks comes back whole', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2, nativeThreads: 2 }))
    const tasks = Array.from({ length: 20_000 }, (_, n) =>
      n % 2 ? pool.execute('echo', n) : pool.execute('native:noop').then(() => n)
    )
    const results = await within(Promise.all(tasks), 'the results')
    expect(results).toEqual(range(20_000))
    expect(pool.stats()).toMatchObject({
      queue: { length: 0 },
      tasks: { submitted: 20_000, completed: 20_000, failed: 0, cancelled: 0 }
    })
  })

  test('tasks that are submitted from the results of others go on and on', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2 }))
    const chain = async () => {
      let n = 0
      while (n < 500) n = await pool.execute((n) => n + 1, n)
      return n
    }
    await expect(within(Promise.all([chain(), chain(), chain()]), 'the chains')).resolves.toEqual([
      500, 500, 500
    ])
  })
})

describe('the order of results', () => {
  test('of one worker is that in which its tasks ran', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const log = makeLog()
    const settled = []
    const numbers = range(300)
    await within(
      Promise.all(
        numbers.map((number) => pool.execute('note', { log, number }).then(() => settled.push(number)))
      ),
      'the tasks'
    )
    expect(readLog(log)).toEqual(numbers)
    expect(settled).toEqual(numbers)
  })

  test('results of all sizes and forms find their own promise', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2, nativeThreads: 2 }))
    const inputs = Array.from({ length: 600 }, (_, n) => {
      if (n % 5 === 0) return n
      if (n % 5 === 1) return 'x'.repeat(n * 7)
      if (n % 5 === 2) return new RangeError(`error ${n}`) // crosses by structured clone
      if (n % 5 === 3) return { n, list: [n, { n }] }
      return new Uint8Array(n).fill(n)
    })
    const results = await within(
      Promise.all(inputs.map((input) => pool.execute('echo', input))),
      'the results'
    )
    expect(results).toEqual(inputs)
  })
})
