'use strict'

const os = require('node:os')
const vm = require('node:vm')
const { SHARE_ENV } = require('node:worker_threads')
const { WorkerPool, PoolError } = require('..')
const { closeOptions, poolOptions, resizeOptions } = require('../lib/options/pool.js')
const { PRIORITY_OPTIONS, executeOptions } = require('../lib/options/task.js')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { runScene } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

/** The error of a pool that must not come about. */
function refusal(options) {
  const error = thrownBy(() => track(new WorkerPool(options)))
  expect(error).toBeInstanceOf(PoolError)
  return error
}

/** That a pool of these options runs both kinds of tasks and ends. */
async function works(options) {
  const pool = track(new WorkerPool(options))
  await expect(
    within(
      pool.execute((n) => n + 1, 1),
      'a JavaScript task'
    )
  ).resolves.toBe(2)
  await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
  await within(pool.close(), 'close()')
}

const INFINITE = Number.POSITIVE_INFINITY
const COUNTS = ['size', 'minWorkers', 'maxWorkers', 'nativeThreads']
const TIMES = ['idleTimeout', 'aging']

describe('numbers of workers and threads', () => {
  test.each(COUNTS)('%s as undefined counts as left out', (name) =>
    works({ maxWorkers: 1, [name]: undefined })
  )

  test('minWorkers may be 0', () => works({ minWorkers: 0, maxWorkers: 1 }))

  test.each(['minWorkers', 'maxWorkers'])('size goes without %s', (name) => {
    const error = refusal({ size: 2, [name]: 2 })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toContain("'size'")
    expect(error.message).toContain(name)
  })

  test('minWorkers must not exceed maxWorkers', () => {
    const error = refusal({ minWorkers: 3, maxWorkers: 2 })
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    expect(error.message).toContain("'minWorkers'")
    expect(error.message).toContain("'maxWorkers'")
  })

  test('minWorkers alone may exceed the number of processors', () => {
    const pool = track(new WorkerPool({ minWorkers: 300 }))
    expect(pool.stats().workers.total).toBe(0)
  })

  test('the largest numbers of workers and threads start nothing by themselves', () => {
    const pool = track(new WorkerPool({ maxWorkers: 4096, nativeThreads: 4096 }))
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, nativeThreads: { total: 0 } })
  })
})

describe('times', () => {
  describe.each(TIMES)('%s', (name) => {
    test.each([0, 0.5, 5e-324, 2 ** 31, Number.MAX_VALUE, Number.POSITIVE_INFINITY])('may be %p', (value) =>
      works({ maxWorkers: 1, [name]: value })
    )
  })
})

describe('what goes to node:worker_threads', () => {
  test('all of them together', () =>
    works({
      maxWorkers: 1,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
      env: SHARE_ENV,
      argv: ['a', 1],
      execArgv: ['--no-warnings'],
      workerData: new Map([[1, 2]]),
      stdout: false,
      stderr: false,
      trackUnmanagedFds: true
    }))

  test('workerData that cannot be cloned rejects the tasks', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1, workerData: () => {} }))
    const error = await rejection(pool.execute(() => 1))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: '(function)' })
    expect(error.cause).toMatchObject({ name: 'DataCloneError' })
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
    await within(pool.close(), 'close()')
  })

  test.each(['starting', 'up'])(
    'workerData that can be cloned only once leaves the pool with its first worker, if that is %s',
    async (state) => {
      const { stdout, timedOut } = await runScene('a worker that cannot start beside one that runs', state)
      expect({ lines: stdout.trim().split('\n'), timedOut }).toEqual({
        lines: ['first: undefined', 'second: 2', 'closed'],
        timedOut: false
      })
    }
  )
})

describe('names', () => {
  test.each([
    ['empty', ''],
    ['long', 'x'.repeat(10_000)],
    ['unicode', 'Mühle 🌾'],
    ['half a surrogate pair', '\ud83c'],
    ['with a line break', 'a\nb']
  ])('%s: fine', (_, name) => works({ maxWorkers: 1, name }))

  test('with a NUL, which no thread can have: fine or refused at once', async () => {
    const { stdout, timedOut } = await runScene('a name with a NUL')
    expect(timedOut).toBe(false)
    expect(['native\njavascript\nclosed\n', 'ERR_INVALID_ARG_VALUE\n']).toContain(stdout)
  })
})

describe('the script', () => {
  test.each(['', 'https://example.org/tasks.js', 'node:fs', './no/such/file.js', 'no-such-package'])(
    '%p is none that can be loaded',
    (script) => {
      const error = refusal({ script })
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
      expect(error.message).toContain("'script'")
      expect(error.message).toContain(script)
    }
  )

  test('a URL of another scheme is none that can be loaded', () => {
    const error = refusal({ script: new URL('https://example.org/tasks.js') })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toContain('https:')
  })
})

describe('the object of options', () => {
  test('may be of another realm', () =>
    works(vm.runInNewContext('({ size: 1, execArgv: ["--no-warnings"], argv: ["a"], env: { A: "1" } })')))

  test('may be changed afterwards without effect', async () => {
    const options = { script: TASKS, size: 1 }
    const pool = track(new WorkerPool(options))
    options.script = './no/such/file.js'
    options.size = 7
    await within(pool.ready(), 'ready()')
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
    expect(pool.stats().workers.total).toBe(1)
  })

  describe('when something else has spoiled Object.prototype', () => {
    const POLLUTED = {
      script: '/no/such/file.js',
      href: 'file:///no/such/file.js',
      size: 'many',
      minWorkers: -1,
      aging: Number.NaN,
      idleTimeout: 'never',
      priority: 'absent',
      transfer: 5,
      cancelQueued: 'yes',
      stdout: 5,
      path: '/no/such/file'
    }

    test.each(Object.keys(POLLUTED))("with '%s', pools work", async (name) => {
      const pollute = () =>
        Object.defineProperty(Object.prototype, name, {
          value: POLLUTED[name],
          configurable: true,
          writable: true
        })
      const clean = () => delete Object.prototype[name]
      let pool
      let promises
      let absent
      pollute()
      try {
        pool = track(new WorkerPool({ maxWorkers: 1 }))
        track(new WorkerPool(TASKS, {}))
        absent = pool.execute('absent') // the pool has no script
        promises = [
          pool.execute((n) => n + 1, 1, {}),
          pool.priority('low', (n) => n + 2, 1, {}),
          pool.execute('native:noop', {}, {}),
          pool.execute('native:hash', { data: 'abc', algorithm: 'crc32' }),
          pool.close({})
        ]
      } finally {
        clean()
      }
      expect(await rejection(absent)).toMatchObject({ code: 'ERR_TASK_NOT_FOUND' })
      await expect(within(Promise.all(promises), 'tasks and close()')).resolves.toEqual([
        2,
        3,
        undefined,
        '352441c2',
        undefined
      ])
    })
  })
})

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
      limits: {
        minWorkers: 0,
        maxWorkers: CORES,
        nativeThreads: CORES,
        nativeMemory: INFINITE,
        aging: 0,
        maxQueue: INFINITE,
        whenFull: 'reject',
        strategy: 'shared',
        idleTimeout: 30_000,
        concurrentTasksPerWorker: 1,
        maxTasksPerWorker: INFINITE,
        maxHeapBeforeRecycle: INFINITE,
        keepWorkerAfterStop: false,
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
    expect(checked).toStrictEqual({ ...options, priority: 10, retries: ONCE_MORE, ownRetries: true })
    expect(checked.signal).toBe(signal)
    expect(checked.transfer).not.toBe(options.transfer)
    expect(checked.transfer[0]).toBe(buffer)
  })

  test('a priority that is an argument is no option', () => {
    const call = () => executeOptions({ priority: 1 }, UNLIMITED, PRIORITY_OPTIONS)
    expect(thrownBy(call)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(executeOptions({ timeout: 1 }, UNLIMITED, PRIORITY_OPTIONS).timeout).toBe(1)
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
