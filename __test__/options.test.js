'use strict'

const path = require('node:path')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')
const { MessageChannel, SHARE_ENV } = require('node:worker_threads')
const { WorkerPool, PoolError } = require('..')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { temporaryDirectory } = require('./support/files.js')
const { FACE, outputOf, runScene } = require('./support/processes.js')
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
    expect(pool.stats().workers.total).toBe(300)
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

  test.each([
    ['a function', () => {}],
    ['a port, which nobody hands over', new MessageChannel().port1]
  ])('workerData that cannot be cloned is refused by the constructor: %s', (_what, inner) => {
    const error = thrownBy(() => new WorkerPool({ maxWorkers: 1, workerData: { inner } }))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_NOT_SERIALIZABLE', cause: expect.anything() })
    expect(error.message).toMatch(/^The option 'workerData' cannot be cloned for a worker: /)
  })

  test('workerData that only the engine and Node know how to clone is taken', async () => {
    const { createSecretKey } = require('node:crypto')
    const workerData = {
      key: createSecretKey(Buffer.from('secret')),
      memory: new SharedArrayBuffer(4),
      list: new Map([[1, /x/g]])
    }
    const pool = track(new WorkerPool({ maxWorkers: 1, workerData }))
    const look = () => {
      const { key, memory, list } = require('node:worker_threads').workerData
      return [String(key.export()), memory, list]
    }
    await expect(pool.execute(look)).resolves.toEqual(['secret', workerData.memory, workerData.list])
  })

  test('workerData that can no longer be cloned when a worker starts rejects the tasks', async () => {
    const workerData = { fine: 1 }
    const pool = track(new WorkerPool({ maxWorkers: 1, workerData }))
    workerData.fine = () => {}
    const error = await rejection(pool.execute(() => 1))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: '() => 1' })
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

  const NOWHERE = path.resolve('/no/such/file.mjs')
  test.each([
    ['a path', NOWHERE, `there is no '${NOWHERE}'`],
    ['a URL as text', pathToFileURL(NOWHERE).href, `which would be ${NOWHERE}`],
    ['a URL', pathToFileURL(NOWHERE), `which would be ${NOWHERE}`],
    ['a relative path', './no/such/file.mjs', `neither ${path.resolve(__dirname, 'no/such/file.mjs')} nor `]
  ])('that is not there is refused at once, however it is named: %s', (_how, script, words) => {
    const error = refusal({ script })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toContain(words)
  })

  test('that is not there is looked for in one place only if there is only one', async () => {
    const program = `
      try { new (require(${FACE}).WorkerPool)('./nope.mjs') } catch ({ message }) { console.log(message) }`
    const cwd = temporaryDirectory()
    const { stdout } = await outputOf(['-e', program], { cwd })
    const words = `The option 'script' must name a file; there is no './nope.mjs', which would be ${path.join(cwd, 'nope.mjs')}`
    expect(stdout).toBe(`${words}\n`)
  })

  test.each(['/a\0b.mjs', './a\0b.mjs'])('with a NUL is none: %p', (script) => {
    expect(refusal({ script })).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('NUL')
    })
  })

  test('a limit that does not exist is named as an option of the limits', () => {
    expect(() => new WorkerPool({ resourceLimits: { maxOldGenerationSize: 5 } })).toThrow(
      /^The options of 'resourceLimits' have no 'maxOldGenerationSize'; did you mean 'maxOldGenerationSizeMb'\?$/
    )
  })

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

describe('resourceLimits are checked by name and value', () => {
  test.each([
    [{ maxOldGenerationSizeMB: 64 }, 'ERR_INVALID_ARG_VALUE', 'maxOldGenerationSizeMb'],
    [{ maxOldGenerationSizeMb: '64' }, 'ERR_INVALID_ARG_TYPE', 'resourceLimits.maxOldGenerationSizeMb'],
    [{ stackSizeMb: 0 }, 'ERR_OUT_OF_RANGE', 'resourceLimits.stackSizeMb'],
    [{ codeRangeSizeMb: Number.NaN }, 'ERR_OUT_OF_RANGE', 'resourceLimits.codeRangeSizeMb'],
    [{ maxYoungGenerationSizeMb: Infinity }, 'ERR_OUT_OF_RANGE', 'resourceLimits.maxYoungGenerationSizeMb']
  ])('%p', (resourceLimits, code, words) => {
    const error = thrownBy(() => new WorkerPool({ resourceLimits }))
    expect(error).toMatchObject({ name: 'PoolError', code })
    expect(error.message).toContain(words)
  })
})
