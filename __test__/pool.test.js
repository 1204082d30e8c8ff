'use strict'

const { pathToFileURL } = require('node:url')
const { WorkerPool, PoolError } = require('..')
const { range } = require('./support/numbers.js')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

describe('making a pool', () => {
  test('without anything, it runs functions and native tasks', async () => {
    const pool = track(new WorkerPool())
    await expect(pool.execute((n) => n * 2, 21)).resolves.toBe(42)
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
  })

  test('with options alone', async () => {
    const pool = track(new WorkerPool({ script: TASKS, minWorkers: 2, maxWorkers: 2 }))
    await within(pool.ready(), 'ready()')
    expect(pool.stats().workers.total).toBe(2)
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
  })

  test.each([
    ['a path', TASKS],
    ['a URL', pathToFileURL(TASKS)],
    ['a URL as a string', pathToFileURL(TASKS).href],
    ['a path relative to the calling module', './fixtures/life/tasks.cjs']
  ])('with %s as its script', async (_, script) => {
    const pool = track(new WorkerPool(script))
    await expect(pool.execute('echo', 'here')).resolves.toBe('here')
    expect(pool.stats().workers.total).toBe(1)
  })

  test('with a script and a number of workers', async () => {
    const pool = track(new WorkerPool(TASKS, 3))
    await within(pool.ready(), 'ready()')
    expect(pool.stats().workers.total).toBe(3)
  })

  test('with a script and options', async () => {
    const pool = track(new WorkerPool(TASKS, { size: 2 }))
    await within(pool.ready(), 'ready()')
    expect(pool.stats().workers.total).toBe(2)
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
  })

  test.each([
    ['a number', [5], 'ERR_INVALID_ARG_TYPE'],
    ['null', [null], 'ERR_INVALID_ARG_TYPE'],
    ['a boolean', [true], 'ERR_INVALID_ARG_TYPE'],
    ['a symbol', [Symbol('script')], 'ERR_INVALID_ARG_TYPE'],
    ['a function', [() => {}], 'ERR_INVALID_ARG_TYPE'],
    ['an array', [[TASKS]], 'ERR_INVALID_ARG_TYPE'],
    ['an empty path', [''], 'ERR_INVALID_ARG_VALUE'],
    ['a size without a script', [undefined, 2], 'ERR_INVALID_ARG_TYPE'],
    ['options before a size', [{}, 2], 'ERR_INVALID_ARG_TYPE'],
    ['a script and null', [TASKS, null], 'ERR_INVALID_ARG_TYPE'],
    ['a script and a string', [TASKS, '2'], 'ERR_INVALID_ARG_TYPE'],
    ['a script and an array', [TASKS, []], 'ERR_INVALID_ARG_TYPE'],
    ['a script and a bad size', [TASKS, 0], 'ERR_OUT_OF_RANGE'],
    ['two scripts', [TASKS, { script: TASKS }], 'ERR_INVALID_ARG_VALUE']
  ])('is refused for %s', (_, args, code) => {
    const error = thrownBy(() => track(new WorkerPool(...args)))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ name: 'PoolError', code })
  })
})

describe('running a task', () => {
  let pool
  beforeEach(() => {
    pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
  })

  test('execute() runs an export by name', async () => {
    await expect(pool.execute('echo', { a: [1, 2] })).resolves.toEqual({ a: [1, 2] })
  })

  test('run() runs the default export', async () => {
    await expect(pool.run(7)).resolves.toEqual(['default', 7])
    await expect(pool.execute('default', 8)).resolves.toEqual(['default', 8])
  })

  test('priority() runs a task at a priority', async () => {
    await expect(pool.priority('high', 'context')).resolves.toMatchObject({ priority: 10 })
    await expect(pool.priority(-3, 'context')).resolves.toMatchObject({ priority: -3 })
  })

  test('a task is told its number, its attempt, its priority and its worker', async () => {
    await expect(pool.execute('context')).resolves.toEqual({
      taskId: 0,
      attempt: 1,
      priority: 0,
      workerId: 1
    })
    await expect(pool.execute('context', null, { priority: 'urgent' })).resolves.toMatchObject({
      taskId: 1,
      priority: 20
    })
  })

  test('a task without an input gets undefined', async () => {
    await expect(pool.execute((input) => [input === undefined, String(input)])).resolves.toEqual([
      true,
      'undefined'
    ])
  })

  test('undefined options are no options', async () => {
    await expect(pool.execute('echo', 1, undefined)).resolves.toBe(1)
    await expect(pool.execute('context', 1, { priority: undefined })).resolves.toMatchObject({ priority: 0 })
    await expect(pool.priority('low', 'context', 1, undefined)).resolves.toMatchObject({ priority: -10 })
  })

  test('two pools do not disturb each other', async () => {
    const other = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? pool : other).execute('echo', n))
    )
    expect(results).toEqual(range(100))
  })
})

describe('promises belong to the caller', () => {
  test('every method answers a Promise of this realm', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const promises = [
      pool.execute('echo'),
      pool.execute('native:noop'),
      pool.execute(() => 1),
      pool.run(),
      pool.priority('low', 'echo'),
      pool.ready(),
      pool.execute(5),
      pool.priority('lower', 'echo'),
      pool.close({ timeout: 'x' }),
      pool.close(),
      pool[Symbol.asyncDispose](),
      pool.terminate()
    ]
    for (const promise of promises) expect(promise).toBeInstanceOf(Promise)
    await within(Promise.allSettled(promises), 'the end of all promises')
  })

  test('what they reject with is an Error of this realm', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    expect(await rejection(pool.execute('fail', 'no'))).toBeInstanceOf(Error)
    const error = await rejection(pool.execute('absent'))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toBeInstanceOf(Error)
  })
})

describe('bad arguments reject', () => {
  const outcome = (call) => {
    let promise
    expect(() => {
      promise = call()
    }).not.toThrow()
    return rejection(promise)
  }

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 42],
    ['a bigint', 1n],
    ['a symbol', Symbol('task')],
    ['an object', {}],
    ['an object without a prototype', Object.create(null)],
    ['an array', []]
  ])('%s as the task', async (_, task) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    expect(await outcome(() => pool.execute(task))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(await outcome(() => pool.priority('low', task))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test.each([
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
    ['a string', 'high', 'ERR_INVALID_ARG_TYPE'],
    ['an array', [], 'ERR_INVALID_ARG_TYPE'],
    ['an option that does not exist', { prioritty: 1 }, 'ERR_INVALID_ARG_VALUE'],
    ['a transfer list that is none', { transfer: new ArrayBuffer(8) }, 'ERR_INVALID_ARG_TYPE'],
    ['a transfer list of numbers', { transfer: [1] }, 'ERR_INVALID_ARG_TYPE'],
    ['a transfer list of views', { transfer: [new Uint8Array(8)] }, 'ERR_INVALID_ARG_TYPE']
  ])('%s as the options', async (_, options, code) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    for (const task of ['echo', 'native:noop', () => 1]) {
      expect(await outcome(() => pool.execute(task, undefined, options))).toMatchObject({ code })
    }
    expect(await outcome(() => pool.run(undefined, options))).toMatchObject({ code })
  })

  test.each([
    ['null', null],
    ['a number', 5],
    ['a string', 'high'],
    ['an array', []]
  ])('%s as the options of priority()', async (_, options) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const error = await outcome(() => pool.priority('low', 'echo', undefined, options))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('a getter among the options that throws', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    const options = {
      get priority() {
        throw new Error('from the getter')
      }
    }
    const error = await outcome(() => pool.execute('echo', 1, options))
    expect(error).toBeInstanceOf(Error)
    await outcome(() => pool.priority('low', 'echo', 1, options))
    await expect(pool.execute('echo', 2)).resolves.toBe(2)
  })

  test('a task by name in a pool without a script', async () => {
    const pool = track(new WorkerPool())
    const error = await outcome(() => pool.execute('compute'))
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'compute' })
    expect(error.message).toContain('noop')
    expect(await outcome(() => pool.run())).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'default' })
    expect(pool.stats().workers.total).toBe(0)
  })

  test('and the pool goes on', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    for (let n = 0; n < 20; n++) await rejection(pool.execute(n))
    await expect(pool.execute('echo', 'fine')).resolves.toBe('fine')
    expect(pool.stats().tasks.submitted).toBe(1)
  })
})
