const fs = require('node:fs')
const path = require('node:path')
const { isMainThread, threadId } = require('node:worker_threads')
const { gzipSync } = require('node:zlib')
const { WorkerPool, PoolError } = require('..')
const { temporaryDirectory, write } = require('./support/files.js')
const { makeLog, readLog } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { UNRELIABLE } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }

const poolOf = poolsOf(UNRELIABLE, { maxWorkers: 1 })

/** Asks for another try each time, and notes what it was asked. */
function makeWhen(answer = () => true) {
  const asked = []
  const when = (...given) => {
    asked.push(given)
    return answer(...given)
  }
  return { asked, when }
}

const codes = (asked) => asked.map(([error]) => error.code ?? error.name)
const attempts = (asked) => asked.map(([, attempt]) => attempt)

describe('how often', () => {
  test.each([
    ['no retries', undefined, 0, 1],
    ['one', 1, 1, 2],
    ['five', 5, 5, 6],
    ['as an object', { max: 2 }, 2, 3],
    ['none, in words', 0, 0, 1],
    ['none, as an object', { max: 0 }, 0, 1]
  ])('%s: so many runs, and no more', async (_, retries, retried, runs) => {
    const pool = poolOf()
    const view = makeLog()
    const error = await rejection(pool.execute('fails', { view }, { retries }))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toBe('not yet')
    expect(readLog(view)).toEqual(Array.from({ length: runs }, (_, n) => n + 1))
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, completed: 0, failed: 1, retried })
  })

  test('no further run once one has fulfilled', async () => {
    const pool = poolOf()
    const view = makeLog()
    const task = pool.execute('fails', { view, failures: 2 }, { retries: 5 })
    await expect(within(task, 'the third attempt')).resolves.toMatchObject({ attempt: 3, taskId: 0 })
    expect(readLog(view)).toEqual([1, 2, 3])
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, completed: 1, failed: 0, retried: 2 })
  })

  test.each([
    ["the pool's own", { retries: 2 }, undefined, 3],
    ["the pool's own, beside another option", { retries: 2 }, { priority: 1 }, 3],
    ["none of the task's own instead of the pool's", { retries: 2 }, { retries: 0 }, 1],
    ["the task's own instead of the pool's", { retries: 2 }, { retries: 4 }, 5]
  ])('%s', async (_, options, own, runs) => {
    const view = makeLog()
    await rejection(poolOf(options).execute('fails', { view }, own))
    expect(readLog(view)).toHaveLength(runs)
  })

  test('of ten thousand tasks, each counts for itself', async () => {
    const pool = poolOf({ retries: 3, maxWorkers: 2 })
    const tasks = Array.from({ length: 10_000 }, (_, n) =>
      pool.execute('fails', { failures: n % 5 }).then(
        ({ attempt }) => attempt,
        () => 'failed'
      )
    )
    const results = await within(Promise.all(tasks), 'every task')
    expect(results.every((result, n) => result === [1, 2, 3, 4, 'failed'][n % 5])).toBe(true)
    const retried = 2000 * (0 + 1 + 2 + 3 + 3)
    expect(pool.stats().tasks).toMatchObject({ submitted: 10_000, completed: 8000, failed: 2000, retried })
  })
})

describe('how long after', () => {
  /** The waits before each retry, in milliseconds. */
  async function waits(retries) {
    const times = new Float64Array(new SharedArrayBuffer(8 * 20))
    await within(poolOf().execute('timed', { times, last: retries.max }, { retries }), 'the last attempt')
    return Array.from({ length: retries.max }, (_, n) => times[n + 2] - times[n + 1])
  }

  // The clocks of two threads differ by less than this.
  const SLACK = 2

  test.each([
    ['one for all', { max: 3, delay: 30 }, [30, 30, 30]],
    ['each of a list', { max: 3, delay: [5, 60, 20] }, [5, 60, 20]],
    ['the last of a list for all further ones', { max: 4, delay: [1, 40] }, [1, 40, 40, 40]],
    ['no delay in a list', { max: 2, delay: [0, 30] }, [0, 30]],
    ['each a multiple of the one before', { max: 4, delay: 10, factor: 2 }, [10, 20, 40, 80]],
    ['up to a cap', { max: 4, delay: 10, factor: 1e6, maxDelay: 25 }, [10, 25, 25, 25]],
    ['a cap for a list', { max: 2, delay: [1e9, 10], maxDelay: 25 }, [25, 10]],
    ['a cap of nothing', { max: 3, delay: 1e9, maxDelay: 0 }, [0, 0, 0]]
  ])('%s', async (_, retries, least) => {
    const seen = await waits(retries)
    for (const [n, wait] of seen.entries()) expect(wait).toBeGreaterThanOrEqual(least[n] - SLACK)
  })

  test('jitter waits a part of the delay, each time another', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const all = Array.from({ length: 60 }, () => new Float64Array(new SharedArrayBuffer(8 * 4)))
    const retries = { max: 1, delay: 400, jitter: true }
    const tasks = all.map((times) => pool.execute('timed', { times, last: 1 }, { retries }))
    await within(Promise.all(tasks), 'the second attempts')
    const seen = all.map((times) => times[2] - times[1]).sort((a, b) => a - b)
    expect(seen[0]).toBeLessThan(200)
    expect(seen.at(-1)).toBeGreaterThan(200)
    expect(seen.at(-1)).toBeLessThan(3000)
    expect(new Set(seen.map(Math.round)).size).toBeGreaterThan(20)
  })
})

describe('what counts as a failed attempt', () => {
  test.each([
    ['throws', { name: 'RangeError' }],
    ['rejects', { name: 'RangeError' }],
    ['exits', { code: 'ERR_WORKER_EXITED' }],
    ['exits later', { code: 'ERR_WORKER_EXITED' }],
    ['dies of an error', { code: 'ERR_WORKER_EXITED', cause: { name: 'RangeError' } }],
    ['runs out of memory', { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
    ['loops', { code: 'ERR_TASK_TIMEOUT', name: 'TimeoutError' }],
    ['never ends', { code: 'ERR_TASK_TIMEOUT', name: 'TimeoutError' }],
    ['returns what cannot be sent', { code: 'ERR_NOT_SERIALIZABLE' }]
  ])('a task that %s', async (way, error) => {
    const pool = poolOf({ resourceLimits: LIMITS })
    const { asked, when } = makeWhen()
    const timeout = error.code === 'ERR_TASK_TIMEOUT' ? 400 : undefined
    const task = pool.execute('fails', { way, failures: 1 }, { retries: { max: 3, when }, timeout })
    await expect(within(task, 'the second attempt')).resolves.toMatchObject({ attempt: 2 })
    expect(asked).toMatchObject([[error, 1]])
    expect(pool.stats().tasks).toMatchObject({ completed: 1, failed: 0, timedOut: 0, retried: 1 })
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })

  test('a native task that fails', async () => {
    const file = path.join(temporaryDirectory(), 'file')
    const { asked, when } = makeWhen((_, attempt) => {
      if (attempt === 2) fs.writeFileSync(file, 'abc')
      return true
    })
    const task = poolOf().execute(
      'native:hash',
      { data: { path: file }, algorithm: 'crc32' },
      { retries: { max: 5, when } }
    )
    await expect(within(task, 'the third attempt')).resolves.toBe('352441c2')
    expect([codes(asked), attempts(asked)]).toEqual([
      ['ENOENT', 'ENOENT'],
      [1, 2]
    ])
  })

  test('a native task that fails each time', async () => {
    const pool = poolOf()
    const { asked, when } = makeWhen()
    const error = await rejection(
      pool.execute('native:decompress', { data: 'oh' }, { retries: { max: 3, when } })
    )
    expect(error).toMatchObject({ code: 'ERR_CORRUPT_DATA', task: 'native:decompress' })
    expect([codes(asked), attempts(asked)]).toEqual([Array(3).fill('ERR_CORRUPT_DATA'), [1, 2, 3]])
    expect(pool.stats().tasks).toMatchObject({ failed: 1, retried: 3 })
  })

  test('a native task that runs too long', async () => {
    const { file } = makePipe()
    const { asked, when } = makeWhen(() => {
      fs.unlinkSync(file)
      fs.writeFileSync(file, 'abc')
      return true
    })
    const task = poolOf().execute(
      'native:hash',
      { data: { path: file }, algorithm: 'crc32' },
      { retries: { max: 1, when }, timeout: 500 }
    )
    await expect(within(task, 'the second attempt')).resolves.toBe('352441c2')
    expect(codes(asked)).toEqual(['ERR_TASK_TIMEOUT'])
  })

  test('the last timeout is what the task rejects with, and how it counts', async () => {
    const pool = poolOf()
    const error = await rejection(pool.execute('fails', { way: 'never ends' }, { retries: 1, timeout: 30 }))
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT', task: 'fails' })
    expect(pool.stats().tasks).toMatchObject({ failed: 0, timedOut: 1, retried: 1 })
  })
})

describe('the condition `when`', () => {
  test('is asked in the submitting thread, with the very error and the attempt that it ended', async () => {
    const threads = []
    const { asked, when } = makeWhen(() => threads.push([isMainThread, threadId]))
    const task = poolOf().execute('fails', {}, { retries: { max: 2, when } })
    const error = await rejection(task)
    expect(attempts(asked)).toEqual([1, 2]) // the last error is nobody's to decide on
    expect(threads).toEqual(Array(2).fill([isMainThread, threadId]))
    for (const [seen] of asked) expect(seen).toMatchObject({ name: 'RangeError', message: 'not yet' })
    expect(asked[0][0]).not.toBe(asked[1][0])
    expect(error).toBeInstanceOf(RangeError)
  })

  test('that says no: the task rejects with the error that was asked about', async () => {
    const pool = poolOf()
    const { asked, when } = makeWhen((_, attempt) => attempt < 2)
    const error = await rejection(pool.execute('fails', {}, { retries: { max: 5, when, delay: 1 } }))
    expect(attempts(asked)).toEqual([1, 2])
    expect(error).toBe(asked[1][0])
    expect(pool.stats().tasks).toMatchObject({ failed: 1, retried: 1 })
  })

  test('that says no to a timeout: the task counts as timed out', async () => {
    const pool = poolOf()
    const { asked, when } = makeWhen(() => false)
    const options = { timeout: 30, retries: { max: 5, when } }
    const error = await rejection(pool.execute('fails', { way: 'never ends' }, options))
    expect(error).toBe(asked[0][0])
    expect(error).toMatchObject({ code: 'ERR_TASK_TIMEOUT' })
    expect(pool.stats().tasks).toMatchObject({ failed: 0, timedOut: 1, retried: 0 })
  })

  test('may take its time', async () => {
    const { asked, when } = makeWhen(async (_, attempt) => {
      await null
      return attempt < 2
    })
    const error = await rejection(poolOf().execute('fails', {}, { retries: { max: 5, when } }))
    expect(asked.map(([, attempt]) => attempt)).toEqual([1, 2])
    expect(error).toBe(asked[1][0])
  })

  test('that takes its time is not waited for by a signal', async () => {
    const controller = new AbortController()
    const pool = poolOf()
    let answer
    const when = () =>
      new Promise((resolve) => {
        answer = resolve
        controller.abort('enough')
      })
    const { signal } = controller
    expect(await rejection(pool.execute('fails', {}, { retries: { max: 5, when }, signal }))).toBe('enough')
    answer(true)
    await within(pool.close(), 'close()') // as nothing is left to try
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, cancelled: 1, retried: 0 })
  })

  test('that throws: a PoolError with both errors', async () => {
    const pool = poolOf()
    const thrown = new Error('from when')
    const { asked, when } = makeWhen(() => {
      throw thrown
    })
    const error = await rejection(pool.execute('fails', {}, { retries: { max: 5, when } }))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', task: 'fails' })
    expect(error.message).toContain('retries.when')
    expect(error.cause).toBeInstanceOf(AggregateError)
    expect(error.cause.errors[0]).toBe(thrown)
    expect(error.cause.errors[1]).toBe(asked[0][0])
    expect(asked).toHaveLength(1)
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, failed: 1, retried: 0 })
  })

  test.each([
    ["the pool's default, without options", undefined],
    ["the pool's default, with options", { priority: 3 }]
  ])('%s', async (_, options) => {
    const { asked, when } = makeWhen()
    const pool = poolOf({ retries: { max: 3, when } })
    await expect(pool.execute('fails', { failures: 2 }, options)).resolves.toMatchObject({ attempt: 3 })
    await rejection(pool.execute('native:decompress', { data: 'oh' }, options))
    expect(attempts(asked)).toEqual([1, 2, 1, 2, 3])
  })

  test.each(['terminate', 'close'])('that calls %s(): the task is told', async (method) => {
    const pool = poolOf()
    let end
    const { asked, when } = makeWhen(() => {
      end = pool[method]()
      return true
    })
    const task = pool.execute('fails', { failures: 1 }, { retries: { max: 3, when } })
    if (method === 'close') await expect(within(task, 'the retry')).resolves.toMatchObject({ attempt: 2 })
    else expect(await rejection(task)).toMatchObject({ code: 'ERR_POOL_TERMINATED', task: 'fails' })
    expect(asked).toHaveLength(1)
    await within(end, method)
  })

  test.each([true, false])('that aborts the signal and says %s: no further attempt', async (answer) => {
    const pool = poolOf()
    const view = makeLog()
    const controller = new AbortController()
    const { asked, when } = makeWhen(() => {
      controller.abort('enough')
      return answer
    })
    const options = { signal: controller.signal, retries: { max: 3, when } }
    expect(await rejection(pool.execute('fails', { view }, options))).toBe('enough')
    await within(pool.close(), 'close()') // it drains
    expect(readLog(view)).toEqual([1])
    expect(asked).toHaveLength(1)
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, failed: 0, cancelled: 1, retried: 0 })
  })

  test.each([
    ['ready()', (pool) => pool.ready()],
    ['resize()', (pool) => pool.resize({ maxWorkers: 2 })],
    ['stats()', (pool) => pool.stats()],
    ['execute()', (pool) => pool.execute('echo', new Array(5000).fill('an argument'))]
  ])('may call %s: the others of the batch settle, too', async (_, call) => {
    const pool = poolOf()
    const other = poolOf()
    const called = []
    const { asked, when } = makeWhen(() => {
      called.push(call(pool), call(other))
      return true
    })
    const tasks = Array.from({ length: 300 }, (_, n) =>
      n % 3 === 0
        ? pool.execute('fails', { failures: 1, value: n }, { retries: { max: 1, when } })
        : pool.execute('echo', n % 3 === 1 ? n : `text ${n}`)
    )
    const expected = Array.from({ length: 300 }, (_, n) => (n % 3 === 2 ? `text ${n}` : n))
    await expect(within(Promise.all(tasks), 'every task')).resolves.toEqual(expected)
    await within(Promise.all(called), 'what it called')
    expect(asked).toHaveLength(100)
  })
})

describe('what is not tried again', () => {
  test.each([
    ['a task that is not there', 'ERR_TASK_NOT_FOUND', (pool, options) => pool.execute('none', 1, options)],
    [
      'a native task with a wrong argument',
      'ERR_INVALID_ARG_VALUE',
      (pool, options) => pool.execute('native:hash', { data: 'a', algorithm: 'none' }, options)
    ],
    [
      'an input that cannot be sent',
      'ERR_NOT_SERIALIZABLE',
      (pool, options) => pool.execute('echo', () => {}, options)
    ]
  ])('%s', async (_, code, submit) => {
    const pool = poolOf()
    const { asked, when } = makeWhen()
    expect(await rejection(submit(pool, { retries: { max: 3, when } }))).toMatchObject({ code })
    expect(asked).toEqual([])
    expect(pool.stats().tasks.retried).toBe(0)
  })

  test('a script that throws while it loads', async () => {
    const script = write('script.cjs', 'throw new Error("broken")')
    const pool = track(new WorkerPool(script, { maxWorkers: 1 }))
    const { asked, when } = makeWhen()
    for (const retries of [3, { max: 3, when }])
      expect(await rejection(pool.execute('any', 1, { retries }))).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    expect(asked).toEqual([])
    expect(pool.stats().tasks).toMatchObject({ failed: 2, retried: 0 })
  })

  test('compressed bytes with a wrong level', async () => {
    const { asked, when } = makeWhen()
    const input = { data: gzipSync('abc'), level: 99 }
    const error = await rejection(poolOf().execute('native:compress', input, { retries: { max: 3, when } }))
    expect(error.code).toMatch(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/)
    expect(asked).toEqual([])
  })
})
