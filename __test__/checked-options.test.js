'use strict'

const os = require('node:os')
const { closeOptions, poolOptions, resizeOptions } = require('../lib/options/pool.js')
const { executeOptions, withPriority } = require('../lib/options/task.js')
const { thrownBy } = require('./support/outcomes.js')

const INFINITE = Number.POSITIVE_INFINITY

describe('what options come to', () => {
  const CORES = os.availableParallelism()
  const UNLIMITED = { timeout: INFINITE, queueTimeout: INFINITE, retries: undefined }
  const ONCE_MORE = {
    max: 1,
    delay: 0,
    delays: undefined,
    factor: 1,
    maxDelay: INFINITE,
    jitter: false,
    when: undefined
  }

  test('a pool that is told nothing', () => {
    expect(poolOptions({})).toStrictEqual({
      script: undefined,
      resources: Object.create(null),
      name: 'threadmill',
      healthInterval: 5000,
      errorClasses: new Map(),
      limits: {
        minWorkers: 0,
        maxWorkers: CORES,
        nativeThreads: CORES,
        nativeMemory: INFINITE,
        niceIncrement: 0,
        aging: 0,
        maxQueue: INFINITE,
        whenFull: 'reject',
        strategy: 'shared',
        idleTimeout: 30_000,
        concurrentTasksPerWorker: 1,
        maxTasksPerWorker: INFINITE,
        maxHeapBeforeRecycle: INFINITE,
        keepWorkerAfterStop: false,
        spareWorkers: 0,
        startTimeout: 30_000
      },
      defaults: UNLIMITED
    })
  })

  test.each([
    ['maxQueue', [0, 1, 1e9, INFINITE]],
    ['whenFull', ['reject', 'wait']],
    ['strategy', ['shared', 'round-robin', 'least-loaded']],
    ['concurrentTasksPerWorker', [1, 1024]],
    ['maxTasksPerWorker', [1, 1e15, INFINITE]],
    ['maxHeapBeforeRecycle', [0.5, 2 ** 30, INFINITE]],
    ['keepWorkerAfterStop', [true, false]],
    ['startTimeout', [Number.MIN_VALUE, 1, 1e300, INFINITE]]
  ])('%s of a pool', (name, values) => {
    for (const value of values) expect(poolOptions({ [name]: value }).limits[name]).toBe(value)
  })

  test('healthInterval of a pool', () => {
    for (const value of [1, 1.5, 1e300])
      expect(poolOptions({ healthInterval: value }).healthInterval).toBe(value)
  })

  test("maxQueue 'auto' is the square of the number of executors", () => {
    const { limits } = poolOptions({ maxWorkers: 3, nativeThreads: 4, maxQueue: 'auto' })
    expect(limits.maxQueue).toBe(49)
  })

  test('a script is a string, whatever stood for it', () => {
    const href = 'file:///tasks.js'
    for (const script of [href, new URL(href)]) {
      expect(poolOptions({}, script).script).toBe(href)
      expect(poolOptions({ script }).script).toBe(href)
    }
  })

  test('what a pool says of times and retries holds for tasks that do not', () => {
    const { defaults } = poolOptions({ timeout: 100, queueTimeout: 0.5, retries: 1 })
    expect(defaults).toStrictEqual({ timeout: 100, queueTimeout: 0.5, retries: ONCE_MORE })
    expect(executeOptions({}, defaults)).toStrictEqual({
      isPlain: true,
      priority: 0,
      transfer: [],
      timeout: 100,
      queueTimeout: 0.5,
      signal: undefined,
      retries: ONCE_MORE,
      ownRetries: false,
      affinity: undefined
    })
    const leftOut = { timeout: undefined, queueTimeout: undefined, retries: undefined }
    expect(executeOptions(leftOut, defaults)).toMatchObject({ ...defaults, ownRetries: false })
  })

  test('a task can do without what its pool says', () => {
    const { defaults } = poolOptions({ timeout: 100, queueTimeout: 0.5, retries: 1 })
    for (const retries of [0, { max: 0 }, { max: 0, delay: [1, 2] }]) {
      const options = { timeout: INFINITE, queueTimeout: INFINITE, retries }
      expect(executeOptions(options, defaults)).toMatchObject({ ...UNLIMITED, ownRetries: true })
    }
  })

  test('everything that a task can be told', () => {
    const { signal } = new AbortController()
    const buffer = new ArrayBuffer(1)
    const options = {
      priority: 'high',
      transfer: [buffer],
      timeout: 1,
      queueTimeout: 2,
      signal,
      retries: 1,
      affinity: 'user'
    }
    const checked = executeOptions(options, UNLIMITED)
    expect(checked).toStrictEqual({
      ...options,
      priority: 10,
      retries: ONCE_MORE,
      ownRetries: true,
      isPlain: false
    })
    expect(checked.signal).toBe(signal)
    expect(checked.transfer).not.toBe(options.transfer)
    expect(checked.transfer[0]).toBe(buffer)
  })

  test('a priority that is an argument is no option', () => {
    expect(thrownBy(() => withPriority('high', { priority: 1 }))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE'
    })
    expect(withPriority('high', { timeout: 1 })).toEqual({ priority: 10, timeout: 1 })
    expect(withPriority(3)).toEqual({ priority: 3 })
  })

  test('a signal may be anything that behaves like one', () => {
    const like = { aborted: true, addEventListener() {}, removeEventListener() {} }
    for (const signal of [AbortSignal.abort(), new AbortController().signal, like])
      expect(executeOptions({ signal }, UNLIMITED).signal).toBe(signal)
  })

  test('keys of affinity are texts', () => {
    for (const key of ['', 'user', 0, -0, -1.5, 1e21])
      expect(executeOptions({ affinity: key }, UNLIMITED).affinity).toBe(String(key))
  })

  test('retries in full', () => {
    const one = { max: 1_000_000, delay: 0.5, factor: 1.5, maxDelay: 0, jitter: true, when: () => true }
    expect(executeOptions({ retries: one }).retries).toStrictEqual({ ...one, delays: undefined })
    const delay = [0, 1e300]
    const { retries } = executeOptions({ retries: { max: 1, delay } })
    expect(retries).toStrictEqual({ ...ONCE_MORE, delays: [0, 1e300] })
    expect(retries.delays).not.toBe(delay)
  })

  test('close()', () => {
    expect(closeOptions({})).toStrictEqual({ timeout: undefined, cancelQueued: false })
    for (const timeout of [0, 0.5, 1e300, INFINITE])
      expect(closeOptions({ timeout, cancelQueued: true })).toStrictEqual({ timeout, cancelQueued: true })
  })

  describe('resize()', () => {
    const current = { minWorkers: 2, maxWorkers: 4, nativeThreads: 3 }

    test.each([
      [{ minWorkers: 0 }],
      [{ minWorkers: 4 }],
      [{ maxWorkers: 2 }],
      [{ maxWorkers: 4096 }],
      [{ nativeThreads: 1 }],
      [{ minWorkers: 5, maxWorkers: 5, nativeThreads: 4096 }]
    ])('%p changes what it names', (options) => {
      expect(resizeOptions(options, current)).toStrictEqual({ ...current, ...options })
    })

    test('what is undefined is left out', () => {
      const options = { minWorkers: undefined, maxWorkers: undefined, nativeThreads: 1 }
      expect(resizeOptions(options, current)).toStrictEqual({ ...current, nativeThreads: 1 })
    })

    test.each([[{}], [{ minWorkers: undefined }]])('%p names nothing', (options) => {
      const error = thrownBy(() => resizeOptions(options, current))
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
      for (const name of Object.keys(current)) expect(error.message).toContain(name)
    })

    test.each([
      [
        { minWorkers: 5 },
        "'minWorkers' must not exceed the pool's maxWorkers, which is 4",
        "give 'maxWorkers'"
      ],
      [
        { maxWorkers: 1 },
        "'maxWorkers' must not be below the pool's minWorkers, which is 2",
        "give 'minWorkers'"
      ],
      [
        { minWorkers: 6, maxWorkers: 5 },
        "'minWorkers' must not exceed 'maxWorkers', which is 5",
        'received 6'
      ]
    ])('%p cannot be', (options, problem, remedy) => {
      const error = thrownBy(() => resizeOptions(options, current))
      expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      expect(error.message).toContain(problem)
      expect(error.message).toContain(remedy)
    })

    test('needs options', () => {
      const error = thrownBy(() => resizeOptions(undefined, current))
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    })

    test('of a polluted Object.prototype changes what was named alone', () => {
      Object.prototype.maxWorkers = 1
      try {
        expect(resizeOptions({ minWorkers: 3 }, current)).toEqual({ ...current, minWorkers: 3 })
      } finally {
        delete Object.prototype.maxWorkers
      }
    })
  })
})
