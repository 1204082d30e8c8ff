const { AsyncLocalStorage } = require('node:async_hooks')
const { WorkerPool, PoolError } = require('..')
const { makeLarge } = require('./support/bytes.js')
const { write } = require('./support/files.js')
const { heldNatively, heldPool } = require('./support/held.js')
const { makeView, raise } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { GO, begun } = require('./support/stopping.js')
const { delay, within } = require('./support/waiting.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })

const timedOut = (task) => ({ name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT', task })
const expired = (task) => ({ name: 'TimeoutError', code: 'ERR_QUEUE_TIMEOUT', task })

const HOLDERS = [
  ['JavaScript', heldPool, ['echo', 1]],
  ['native', heldNatively, ['native:noop', {}]]
]

/** Tasks that never end, or not for a long time: `[what, task, input]`. */
const LONG = [
  ['a synchronous loop', 'a loop', undefined],
  ['an asynchronous wait', 'never', undefined],
  ['a chain of microtasks', 'a chain of microtasks', undefined],
  ['a native task', 'native:hash', { data: { path: '/dev/zero' } }]
]

describe('timeout stops', () => {
  test.each(LONG)('%s, and rejects with an error that says so', async (_, task, input) => {
    const error = await rejection(poolOf().execute(task, input, { timeout: 40 }))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject(timedOut(task))
    expect(error.message).toContain(`'${task}'`)
    expect(error.message).toContain('40 ms')
    expect(error.stack).toMatch(/^TimeoutError: /)
    expect(Object.keys(error).sort()).toEqual(['code', 'task'])
  })

  test('an inline function', async () => {
    const spin = () => {
      for (;;);
    }
    expect(await rejection(poolOf().execute(spin, 1, { timeout: 20 }))).toMatchObject(timedOut('spin'))
  })

  test('a task at a priority, and the default export', async () => {
    const pool = poolOf()
    expect(await rejection(pool.priority('high', 'never', undefined, { timeout: 20 }))).toMatchObject(
      timedOut('never')
    )
    const own = track(
      new WorkerPool('data:text/javascript,export default () => { for (;;); }', { maxWorkers: 1 })
    )
    expect(await rejection(own.run(1, { timeout: 20 }))).toMatchObject(timedOut('default'))
  })

  test('a task whose input came by message', async () => {
    const pool = poolOf()
    const { port1, port2 } = new MessageChannel()
    const task = pool.execute((port) => new Promise(() => port), port2, { timeout: 30, transfer: [port2] })
    expect(await rejection(task)).toMatchObject({ code: 'ERR_TASK_TIMEOUT' })
    port1.close()
  })

  test('nothing that ends in time', async () => {
    const pool = poolOf()
    const options = { timeout: 5000 }
    await expect(pool.execute('echo', 1, options)).resolves.toBe(1)
    await expect(pool.execute('native:noop', { data: 'x' }, options)).resolves.toBe('x')
    expect((await rejection(pool.execute('fail', 'own', options))).message).toBe('own')
    await expect(pool.execute(async () => 3, undefined, options)).resolves.toBe(3)
    expect(pool.stats().tasks).toMatchObject({ completed: 3, failed: 1, timedOut: 0 })
  })

  test.each([1e9, 2 ** 31, 2 ** 53, 1e30, Number.MAX_VALUE, Infinity])(
    'nothing if it is as long as %d',
    async (limit) => {
      const pool = poolOf({ timeout: limit, queueTimeout: limit })
      const options = { timeout: limit, queueTimeout: limit }
      const tasks = [
        pool.execute('echo', 1),
        pool.execute('echo', 2, options),
        pool.execute('native:noop', {}, options)
      ]
      await expect(within(Promise.all(tasks), 'the results')).resolves.toEqual([1, 2, undefined])
    }
  )

  test.each([Number.MIN_VALUE, 1e-9, 0.001])('everything longer, however short it is: %d', async (limit) => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    for (const [, task, input] of LONG.slice(0, 2))
      expect(await rejection(pool.execute(task, input, { timeout: limit }))).toMatchObject(timedOut(task))
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })
})

describe('timeout is counted from the start of the run', () => {
  test.each(HOLDERS)('a %s task may wait for longer than that', async (_, hold, [task, input]) => {
    const { pool, letGo } = await hold()
    const waiting = pool.execute(task, input, { timeout: 1000 })
    await delay(1200)
    letGo()
    await within(waiting, 'the result')
    expect(pool.stats().tasks.timedOut).toBe(0)
  })

  test('loading a slow script does not count', async () => {
    const file = write(
      'slow.cjs',
      `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
       exports.setup = () => new Promise((resolve) => setTimeout(resolve, 600))
       exports.echo = (value) => value`
    )
    const pool = track(new WorkerPool(file, { maxWorkers: 1, timeout: 500 }))
    await expect(within(pool.execute('echo', 'loaded'), 'the result')).resolves.toBe('loaded')
  })

  test('each attempt has its own', async () => {
    const pool = poolOf()
    const input = { milliseconds: 400, failures: 2 }
    await expect(pool.execute('failsFirst', input, { timeout: 1000, retries: 2 })).resolves.toBe(3)
  })
})

describe('timeout and retries', () => {
  test('an attempt that was stopped is followed by the next', async () => {
    const pool = poolOf()
    const view = makeView()
    const options = { timeout: 30, retries: 3 }
    const result = pool.execute('hangsFirst', { view, hangs: 2 }, { ...options, timeout: 100 })
    await expect(within(result, 'the third attempt')).resolves.toBe(3)
    expect(view[0]).toBeLessThanOrEqual(3)
    expect(pool.stats().tasks).toMatchObject({ completed: 1, timedOut: 0, failed: 0, retried: 2 })
  })

  test.each(LONG)('%s that is stopped each time rejects once', async (_, task, input) => {
    const pool = poolOf()
    const asked = []
    const when = (error, attempt) => asked.push([error.code, attempt]) > 0
    const options = { timeout: 20, retries: { max: 2, when } }
    expect(await rejection(pool.execute(task, input, options))).toMatchObject(timedOut(task))
    expect(asked.map(([code]) => code)).toEqual(asked.map(() => 'ERR_TASK_TIMEOUT'))
    expect(asked.map(([, attempt]) => attempt)).toEqual([1, 2])
    expect(pool.stats().tasks).toMatchObject({ submitted: 1, timedOut: 1, failed: 0, retried: 2 })
  })

  test('`when` may decline', async () => {
    const pool = poolOf()
    const options = { timeout: 20, retries: { max: 5, when: () => false } }
    expect(await rejection(pool.execute('never', undefined, options))).toMatchObject(timedOut('never'))
    expect(pool.stats().tasks).toMatchObject({ timedOut: 1, failed: 0, retried: 0 })
  })
})

describe('a pool may have a timeout for all', () => {
  test.each(LONG)('that holds for %s', async (_, task, input) => {
    const pool = poolOf({ timeout: 30 })
    const error = await rejection(pool.execute(task, input))
    expect(error).toMatchObject(timedOut(task))
    expect(error.message).toContain('30 ms')
    expect(await rejection(pool.priority(5, task, input))).toMatchObject(timedOut(task))
    expect(await rejection(pool.execute(task, input, { priority: 1 }))).toMatchObject(timedOut(task))
  })

  test.each([Infinity, 60_000])('which a task overrides by its own: %d', async (timeout) => {
    const pool = poolOf({ timeout: 30, maxWorkers: 2, nativeThreads: 2 })
    const [view, pipe] = [makeView(), makePipe()]
    const own = [
      pool.execute('block', { view, value: 'own' }, { timeout }),
      pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' }, { timeout })
    ]
    await begun(view)
    await pipe.reached()
    for (let n = 0; n < 3; n++) {
      expect(await rejection(pool.execute('never'))).toMatchObject(timedOut('never'))
      expect(await rejection(pool.execute('native:hash', { data: { path: '/dev/zero' } }))).toMatchObject(
        timedOut('native:hash')
      )
    }
    raise(view, GO)
    pipe.release('abc')
    await expect(within(Promise.all(own), 'the results')).resolves.toEqual(['own', '352441c2'])
  })
})

describe('queueTimeout', () => {
  test.each(HOLDERS)(
    'a %s task that waits longer rejects, and never runs',
    async (kind, hold, [task, input]) => {
      const { pool, holder, letGo } = await hold()
      const error = await rejection(pool.execute(task, input, { queueTimeout: 30 }))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject(expired(task))
      expect(error.message).toContain('30 ms')
      expect(error.stack).toMatch(/^TimeoutError: /)
      expect(pool.stats()).toMatchObject({
        queue: { length: 0 },
        tasks: { timedOut: 1, cancelled: 0, failed: 0 }
      })
      letGo()
      await within(holder, 'the holder')
      await within(pool.execute(task, input), 'the next task')
      const name = kind === 'native' ? 'native:noop' : 'echo'
      expect(pool.stats().perTask[name].completed).toBe(1)
    }
  )

  test.each(HOLDERS)('the pool may have one for all %s tasks', async (_, hold, [task, input]) => {
    const { pool, letGo } = await hold({ queueTimeout: 30 })
    const own = [Infinity, 60_000].map((queueTimeout) => pool.execute(task, input, { queueTimeout }))
    expect(await rejection(pool.execute(task, input))).toMatchObject(expired(task))
    expect(await rejection(pool.execute(task, input, { priority: 1 }))).toMatchObject(expired(task))
    letGo()
    await within(Promise.all(own), 'those with their own')
  })

  test.each(HOLDERS)('never hits a running %s task', async (_, hold, [task, input]) => {
    const { pool, holder, letGo } = await hold()
    letGo()
    await within(holder, 'the holder')
    // Idle executors take it at once; when the one behind it has expired, its own time has long passed.
    const view = makeView()
    const running =
      task === 'echo' ? pool.execute('block', { view, value: 1 }, { queueTimeout: 500 }) : undefined
    if (running !== undefined) {
      await begun(view)
      expect(await rejection(pool.execute(task, input, { queueTimeout: 600 }))).toMatchObject(expired(task))
      raise(view, GO)
      await expect(within(running, 'the running task')).resolves.toBe(1)
    } else {
      const pipe = makePipe()
      const reading = pool.execute('native:hash', { data: { path: pipe.file } }, { queueTimeout: 500 })
      await pipe.reached()
      expect(await rejection(pool.execute(task, input, { queueTimeout: 600 }))).toMatchObject(expired(task))
      pipe.release('abc')
      await within(reading, 'the running task')
    }
  })

  test('holds while workers start', async () => {
    const never = 'data:text/javascript,await new Promise(() => {})'
    const pool = track(new WorkerPool(never, { maxWorkers: 1, startTimeout: Infinity }))
    for (const input of [1, /x/])
      expect(await rejection(pool.execute('any', input, { queueTimeout: 30 }))).toMatchObject(expired('any'))
  })

  test('ten thousand tasks that wait too long all reject, and what has no limit stays', async () => {
    const { pool, letGo } = await heldPool()
    const staying = Array.from({ length: 100 }, (_, n) => pool.execute('echo', n))
    const options = { queueTimeout: 20 }
    const tasks = Array.from({ length: 10_000 }, (_, n) => rejection(pool.execute('echo', n, options)))
    for (const error of await within(Promise.all(tasks), 'the rejections'))
      expect(error.code).toBe('ERR_QUEUE_TIMEOUT')
    expect(pool.stats()).toMatchObject({ queue: { length: 100 }, tasks: { timedOut: 10_000 } })
    letGo()
    await expect(within(Promise.all(staying), 'the others')).resolves.toHaveLength(100)
  })

  test('and timeout: a task may have both', async () => {
    const { pool, letGo } = await heldPool()
    const options = { queueTimeout: 5000, timeout: 40 }
    const task = rejection(pool.execute('a loop', undefined, options))
    const other = rejection(pool.execute('echo', 1, { ...options, queueTimeout: 10 }))
    expect(await other).toMatchObject(expired('echo'))
    letGo()
    expect(await task).toMatchObject(timedOut('a loop'))
    expect(pool.stats().tasks).toMatchObject({ timedOut: 2 })
  })
})

describe('errors of time limits', () => {
  test('keep the async context and show who submitted the task', async () => {
    const { pool } = await heldPool()
    const other = poolOf()
    const storage = new AsyncLocalStorage()
    async function waiter() {
      await pool.execute('echo', 1, { queueTimeout: 20 })
    }
    async function runner() {
      await other.execute('never', undefined, { timeout: 20 })
    }
    const errors = await storage.run('mine', async () => {
      const seen = []
      for (const submitter of [waiter, runner]) {
        await submitter().catch((error) => seen.push([error, storage.getStore()]))
      }
      return seen
    })
    expect(errors.map(([{ code }, store]) => [code, store])).toEqual([
      ['ERR_QUEUE_TIMEOUT', 'mine'],
      ['ERR_TASK_TIMEOUT', 'mine']
    ])
    expect(errors[0][0].stack).toContain('waiter')
    expect(errors[1][0].stack).toContain('runner')
  })

  test('are counted as timedOut, by whatever limit', async () => {
    const { pool, letGo } = await heldPool({ maxWorkers: 1 })
    await rejection(pool.execute('echo', 1, { queueTimeout: 10 }))
    letGo()
    await rejection(pool.execute('never', undefined, { timeout: 20 }))
    await rejection(
      pool.execute('native:hash', { data: makeLarge(), algorithm: 'sha3-256' }, { timeout: 20 })
    )
    const { tasks, perTask } = pool.stats()
    expect(tasks).toEqual({ submitted: 4, completed: 1, failed: 0, cancelled: 0, timedOut: 3, retried: 0 })
    expect(Object.keys(perTask).sort()).toEqual(expect.arrayContaining(['block', 'native:hash', 'never']))
  })

  test('are known to a pool that closes: it ends once they are there', async () => {
    const pool = poolOf()
    const tasks = LONG.map(([, task, input]) => rejection(pool.execute(task, input, { timeout: 50 })))
    const closed = pool.close()
    expect((await Promise.all(tasks)).map(({ code }) => code)).toEqual(LONG.map(() => 'ERR_TASK_TIMEOUT'))
    await within(closed, 'close()')
    expect(pool.stats().workers.total).toBe(0)
  })
})
