'use strict'

const vm = require('node:vm')
const { SHARE_ENV } = require('node:worker_threads')
const { WorkerPool, PoolError } = require('..')
const { TASKS, rejection, runScene, thrownBy, track, within } = require('./fixtures/life/helpers.js')

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
  await expect(within(pool.execute('noop'), 'a native task')).resolves.toBeUndefined()
  await within(pool.close(), 'close()')
}

const WRONG_TYPES = [null, 'text', true, 2n, Symbol('option'), {}, [], () => 1]
const COUNTS = ['size', 'minWorkers', 'maxWorkers', 'nativeThreads']
const TIMES = ['idleTimeout', 'aging']

describe('numbers of workers and threads', () => {
  describe.each(COUNTS)('%s', (name) => {
    test('must be a number', () => {
      for (const value of WRONG_TYPES) {
        const error = refusal({ [name]: value })
        expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
        expect(error.message).toContain(`'${name}'`)
      }
    })

    test.each([Number.NaN, -1, 1.5, 4097, 1e9, 1e300, Number.POSITIVE_INFINITY, -0.5])(
      'must not be %p',
      (value) => {
        const error = refusal({ [name]: value })
        expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
        expect(error.message).toContain(`'${name}'`)
        expect(error.message).toContain(String(value))
      }
    )

    test('as undefined counts as left out', () => works({ maxWorkers: 1, [name]: undefined }))
  })

  test.each(['size', 'maxWorkers', 'nativeThreads'])('%s must not be 0', (name) => {
    expect(refusal({ [name]: 0 })).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  })

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
    test('must be a number', () => {
      for (const value of WRONG_TYPES) {
        const error = refusal({ [name]: value })
        expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
        expect(error.message).toContain(`'${name}'`)
      }
    })

    test.each([Number.NaN, -1, Number.NEGATIVE_INFINITY])('must not be %p', (value) => {
      const error = refusal({ [name]: value })
      expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      expect(error.message).toContain(`'${name}'`)
    })

    test.each([0, 0.5, 5e-324, 2 ** 31, Number.MAX_VALUE, Number.POSITIVE_INFINITY])('may be %p', (value) =>
      works({ maxWorkers: 1, [name]: value })
    )
  })
})

describe('what goes to node:worker_threads', () => {
  test.each([
    ['resourceLimits', 5],
    ['resourceLimits', null],
    ['resourceLimits', []],
    ['env', 5],
    ['env', null],
    ['env', 'PATH'],
    ['argv', 'x'],
    ['argv', {}],
    ['execArgv', '--no-warnings'],
    ['execArgv', [5]],
    ['execArgv', [null]],
    ['stdout', 1],
    ['stderr', 'inherit'],
    ['trackUnmanagedFds', 0]
  ])('%s must not be %p', (name, value) => {
    const error = refusal({ [name]: value })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toContain(`'${name}'`)
  })

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
    await expect(pool.execute('noop')).resolves.toBeUndefined()
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
  test.each([5, null, true, {}, Symbol('name')])('%p is none', (name) => {
    const error = refusal({ name })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toContain("'name'")
  })

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
  test.each([5, null, true, Symbol('script'), {}, [], () => 1])('%p is none', (script) => {
    const error = refusal({ script })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toContain("'script'")
  })

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
  test.each(['sizes', 'minworkers', 'threads', 'toString', 'constructor', '__proto__x'])(
    'an option %s is unknown, and those that exist are listed',
    (name) => {
      const error = refusal({ [name]: 1 })
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
      expect(error.message).toContain(`'${name}'`)
      expect(error.message).toContain('maxWorkers')
    }
  )

  test('an own option called __proto__ is unknown', () => {
    expect(refusal(JSON.parse('{"__proto__": 1}'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  test.each(['size', 'script', 'idleTimeout', 'env', 'execArgv', 'name'])(
    'a getter of %s that throws is named, with what it threw',
    (name) => {
      const thrown = new Error('from the getter')
      const options = Object.defineProperty({}, name, {
        enumerable: true,
        get() {
          throw thrown
        }
      })
      const error = refusal(options)
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
      expect(error.message).toContain(`'${name}'`)
      expect(error.cause).toBe(thrown)
    }
  )

  test('each getter runs once', () => {
    let reads = 0
    const options = {
      get size() {
        return ++reads
      }
    }
    const pool = track(new WorkerPool(options))
    expect(reads).toBe(1)
    expect(pool.stats().workers.total).toBe(0)
  })

  test('may be without a prototype', () => works(Object.assign(Object.create(null), { size: 1 })))

  test('may be frozen', () => works(Object.freeze({ size: 1 })))

  test('may be of another realm', () =>
    works(vm.runInNewContext('({ size: 1, execArgv: ["--no-warnings"], argv: ["a"], env: { A: "1" } })')))

  test('of another realm is checked as well', () => {
    expect(refusal(vm.runInNewContext('({ size: "1" })'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(refusal(vm.runInNewContext('[1]'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

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
          pool.execute('noop', {}, {}),
          pool.execute('hash', { data: 'abc', algorithm: 'crc32' }),
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
