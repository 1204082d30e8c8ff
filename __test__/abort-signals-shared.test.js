// What one signal, or very many, cost: listeners, memory, time.

const { WorkerPool } = require('..')
const { listen, listeners } = require('./support/events.js')
const { heldPool } = require('./support/held.js')
const { outcomeOf, rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })
const REASON = { taken: 'back' }

describe('a signal has no listener left after a task that', () => {
  const pool = () => poolOf()
  const ENDINGS = [
    ['fulfilled', pool, (pool, options) => pool.execute('echo', 1, options), undefined],
    ['fulfilled by message', pool, (pool, options) => pool.execute('echo', /x/, options), undefined],
    ['fulfilled natively', pool, (pool, options) => pool.execute('native:noop', {}, options), undefined],
    [
      'fulfilled at its second attempt',
      pool,
      (pool, options) =>
        pool.execute('failsFirst', { milliseconds: 0, failures: 1 }, { ...options, retries: 1 }),
      undefined
    ],
    ['rejected', pool, (pool, options) => pool.execute('fail', 'x', options), 'x'],
    [
      'rejected after all attempts',
      pool,
      (pool, options) => pool.execute('fail', 'x', { ...options, retries: 3 }),
      'x'
    ],
    [
      'rejected natively',
      pool,
      (pool, options) => pool.execute('native:hash', { data: { path: '/no/such/file' } }, options),
      'ENOENT'
    ],
    [
      'was refused natively',
      pool,
      (pool, options) => pool.execute('native:hash', {}, options),
      'ERR_INVALID_ARG_TYPE'
    ],
    ['does not exist', pool, (pool, options) => pool.execute('nothing', 1, options), 'ERR_TASK_NOT_FOUND'],
    [
      'timed out',
      pool,
      (pool, options) => pool.execute('a loop', undefined, { ...options, timeout: 20 }),
      'ERR_TASK_TIMEOUT'
    ],
    [
      'timed out waiting for something',
      pool,
      (pool, options) => pool.execute('never', undefined, { ...options, timeout: 20 }),
      'ERR_TASK_TIMEOUT'
    ],
    [
      'timed out natively',
      pool,
      (pool, options) =>
        pool.execute('native:hash', { data: { path: '/dev/zero' } }, { ...options, timeout: 20 }),
      'ERR_TASK_TIMEOUT'
    ],
    [
      'waited too long',
      async () => (await heldPool()).pool,
      (pool, options) => pool.execute('echo', 1, { ...options, queueTimeout: 20 }),
      'ERR_QUEUE_TIMEOUT'
    ],
    ['lost its worker', pool, (pool, options) => pool.execute('exit', 3, options), 'ERR_WORKER_EXITED'],
    [
      'has an input that cannot be sent',
      pool,
      (pool, options) => pool.execute('echo', () => 1, options),
      'ERR_NOT_SERIALIZABLE'
    ],
    [
      'has an input that cannot be sent later',
      async () => (await heldPool()).pool,
      (pool, options) => pool.execute('echo', { x: () => 1 }, options),
      'ERR_NOT_SERIALIZABLE'
    ],
    [
      'has an input that throws',
      pool,
      (pool, options) =>
        pool.execute(
          'echo',
          {
            get x() {
              throw new Error('no')
            }
          },
          options
        ),
      'ERR_NOT_SERIALIZABLE'
    ],
    [
      'has a result that cannot be sent',
      pool,
      (pool, options) => pool.execute(() => () => 1, 1, options),
      'ERR_NOT_SERIALIZABLE'
    ],
    [
      'has wrong options',
      pool,
      (pool, options) => pool.execute('echo', 1, { ...options, timeout: -1 }),
      'ERR_OUT_OF_RANGE'
    ],
    [
      'has a native input that is refused',
      pool,
      (pool, options) => pool.execute('native:hash', 1, options),
      'ERR_INVALID_ARG_TYPE'
    ],
    [
      'transfers and is to be tried again',
      pool,
      (pool, options) => pool.execute('echo', 1, { ...options, transfer: [new ArrayBuffer(8)], retries: 2 }),
      'ERR_INVALID_ARG_VALUE'
    ],
    [
      'found the queue full',
      async () => {
        const { pool } = await heldPool({ maxQueue: 0 })
        return pool
      },
      (pool, options) => pool.execute('echo', 1, options),
      'ERR_QUEUE_FULL'
    ],
    [
      'found the pool terminated',
      async () => {
        const own = poolOf()
        own.terminate()
        return own
      },
      (pool, options) => pool.execute('echo', 1, options),
      'ERR_POOL_TERMINATED'
    ],
    [
      'found the pool closed',
      async () => {
        const own = poolOf()
        own.close()
        return own
      },
      (pool, options) => pool.execute('native:noop', {}, options),
      'ERR_POOL_CLOSED'
    ]
  ]

  test.each(ENDINGS)('%s', async (_, makePool, submit, expected) => {
    const { signal } = new AbortController()
    const pool = await makePool()
    const settled = await within(
      submit(pool, { signal }).then(
        () => undefined,
        (error) => error.code ?? error.message
      ),
      'the end'
    )
    expect(settled).toBe(expected)
    expect(listeners(signal)).toBe(0)
  })

  test.each([
    ['was given up by terminate()', (pool) => pool.terminate(), 'ERR_POOL_TERMINATED'],
    ['was given up by close()', (pool) => pool.close({ cancelQueued: true, timeout: 0 }), 'ERR_POOL_CLOSED']
  ])('%s, waiting or running, of either kind', async (_, end, code) => {
    const { pool } = await heldPool()
    const { signal } = new AbortController()
    const pipe = makePipe()
    const hash = rejection(pool.execute('native:hash', { data: { path: pipe.file } }, { signal }))
    await pipe.reached()
    const waiting = [
      ['echo', 1],
      ['echo', /x/],
      ['native:noop', {}]
    ].map(([task, input]) => rejection(pool.execute(task, input, { signal })))
    expect(listeners(signal)).toBe(1)
    const ended = end(pool)
    for (const error of await Promise.all(waiting)) expect(error.code).toBe(code)
    expect(await hash).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
    expect(listeners(signal)).toBe(0)
    pipe.release()
    await within(ended, 'the end of the pool')
  })
})

describe('one signal for ten thousand tasks', () => {
  const COUNT = 10_000
  const inputOf = (n) => (n % 10 === 0 ? ['native:noop', { data: 'x' }] : ['echo', n % 10 === 1 ? /x/ : n])

  test('has one listener, and takes all of them back at once', async () => {
    const { pool, letGo } = await heldPool()
    const pipe = makePipe()
    const holder = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const controller = new AbortController()
    const { signal } = controller
    const warnings = listen('warning')
    const tasks = Array.from({ length: COUNT }, (_, n) => pool.execute(...inputOf(n), { signal }))
    const settled = Promise.allSettled(tasks)
    expect(listeners(signal)).toBe(1)
    controller.abort(REASON)
    for (const { reason } of await within(settled, 'the rejections')) expect(reason).toBe(REASON)
    expect(listeners(signal)).toBe(0)
    expect(pool.stats()).toMatchObject({ queue: { length: 0 }, tasks: { cancelled: COUNT } })
    letGo()
    pipe.release()
    await within(holder, 'the holder')
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
    warnings.stop()
    expect(warnings.heard).toEqual([])
  })

  test('aborted while they wait: they are taken back at once, and told without keeping the event loop for long', async () => {
    const { pool, holder, letGo } = await heldPool()
    const controller = new AbortController()
    let turns = 0
    const told = []
    const tasks = Array.from({ length: COUNT }, (_, n) =>
      rejection(pool.execute('echo', n, { signal: controller.signal })).finally(() => {
        told[turns] = (told[turns] ?? 0) + 1
      })
    )
    controller.abort(REASON)
    expect(pool.stats()).toMatchObject({ queue: { length: 0 }, tasks: { cancelled: COUNT } })
    const all = within(Promise.all(tasks), 'all to be told')
    while (told.reduce((sum, count) => sum + count, 0) < COUNT) {
      await turn()
      turns++
    }
    expect(new Set(await all)).toEqual(new Set([REASON]))
    expect(Math.max(...told.filter(Boolean))).toBeLessThan(COUNT / 4)
    expect(listeners(controller.signal)).toBe(0)
    letGo()
    await within(holder, 'the holder')
  })

  test.each(['close', 'terminate'])(
    'aborted right before %s(): all reject with its reason, before that resolves',
    async (way) => {
      const { pool, holder, letGo } = await heldPool()
      const controller = new AbortController()
      const { signal } = controller
      const reasons = []
      for (let n = 0; n < COUNT; n++)
        pool.execute('echo', n, { signal }).catch((reason) => reasons.push(reason))
      const held = outcomeOf(holder)
      controller.abort(REASON)
      const ended = pool[way]()
      letGo()
      await within(ended, `${way}()`)
      expect([reasons.length, new Set(reasons)]).toEqual([COUNT, new Set([REASON])])
      expect((await held).code).toBe(way === 'close' ? undefined : 'ERR_POOL_TERMINATED')
      expect(listeners(signal)).toBe(0)
    }
  )

  test('has none once they are done', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const { signal } = new AbortController()
    const tasks = Array.from({ length: COUNT }, (_, n) => pool.execute(...inputOf(n), { signal }))
    expect(listeners(signal)).toBe(1)
    await within(Promise.all(tasks), 'the results')
    expect(listeners(signal)).toBe(0)
  })

  test('of two pools: each has its own listener', async () => {
    const pools = [poolOf(), poolOf()]
    const controller = new AbortController()
    const tasks = pools.map((pool) =>
      rejection(pool.execute('never', undefined, { signal: controller.signal }))
    )
    expect(listeners(controller.signal)).toBe(2)
    await within(pools[0].terminate(), 'terminate()')
    expect(listeners(controller.signal)).toBe(1)
    controller.abort(REASON)
    expect((await Promise.all(tasks)).map((error) => error.code ?? error)).toEqual([
      'ERR_POOL_TERMINATED',
      REASON
    ])
    expect(listeners(controller.signal)).toBe(0)
  })

  test('aborted in the middle of their results: each settles one way, the listener is gone', async () => {
    const pool = poolOf({ maxWorkers: 2, keepWorkerAfterStop: true })
    const controller = new AbortController()
    const { signal } = controller
    const tasks = Array.from({ length: COUNT }, (_, n) => pool.execute(...inputOf(n), { signal }))
    const settled = Promise.allSettled(tasks)
    let count = 0
    for (const task of tasks)
      task.then(
        () => ++count === 1000 && controller.abort(REASON),
        () => {}
      )
    const all = await within(settled, 'the end of all')
    const rejected = all.filter(({ status }) => status === 'rejected')
    expect(rejected.length).toBeGreaterThan(0)
    for (const { reason } of rejected) expect(reason).toBe(REASON)
    expect(listeners(signal)).toBe(0)
    const { tasks: counts, queue } = pool.stats()
    expect(queue.length).toBe(0)
    expect(counts.completed + counts.cancelled).toBe(COUNT)
    const after = Array.from({ length: 100 }, (_, n) => pool.execute('echo', n))
    await expect(within(Promise.all(after), 'the tasks after')).resolves.toEqual(after.map((_, n) => n))
  })

  test('a task that listens to the abort may submit and abort others', async () => {
    const { pool, letGo } = await heldPool()
    const [first, second] = [new AbortController(), new AbortController()]
    const tasks = [first, second, first].map(({ signal }) => rejection(pool.execute('echo', 1, { signal })))
    let more
    first.signal.addEventListener('abort', () => {
      second.abort('second')
      more = pool.execute('echo', 'more')
    })
    first.abort('first')
    expect(await Promise.all(tasks)).toEqual(['first', 'second', 'first'])
    letGo()
    await expect(within(more, 'the new task')).resolves.toBe('more')
  })
})

describe('queued tasks that are cancelled one by one', () => {
  /** Milliseconds for each cancel, with so many queued. */
  async function costOfCancel(count, order) {
    const { pool } = await heldPool()
    const controllers = Array.from({ length: count }, () => new AbortController())
    const tasks = controllers.map(({ signal }, n) => {
      const task = pool.execute('echo', n, { signal })
      task.catch(() => {})
      return task
    })
    await until(() => pool.stats().queue.length === count, 'all in the queue')
    const ordered = order === 'last first' ? controllers.reverse() : controllers
    const start = performance.now()
    for (const controller of ordered) controller.abort(REASON)
    const time = performance.now() - start
    expect(pool.stats()).toMatchObject({ queue: { length: 0 }, tasks: { cancelled: count } })
    const settled = await within(Promise.allSettled(tasks), 'the rejections')
    expect(settled.every(({ reason }) => reason === REASON)).toBe(true)
    await within(pool.terminate(), 'terminate()')
    return time / count
  }

  test.each(['first first', 'last first'])(
    'cost about the same, however many there are: %s',
    async (order) => {
      await costOfCancel(5000, order) // warms up
      const few = await costOfCancel(20_000, order)
      const many = await costOfCancel(200_000, order)
      expect(many).toBeLessThan(8 * few) // if each looked through the queue: from 10, with a far worse constant
      expect(200_000 * many).toBeLessThan(20_000)
    },
    60_000
  )
})

test('the promise of a cancelled task that is handled is never unhandled', async () => {
  const unhandled = listen('unhandledRejection')
  const pool = track(new WorkerPool({ maxWorkers: 1, nativeThreads: 1 }))
  const controller = new AbortController()
  const tasks = [
    pool.execute(() => 1, 1, { signal: controller.signal }),
    pool.execute('native:noop', {}, { signal: controller.signal }),
    pool.execute('native:hash', { data: { path: '/dev/zero' } }, { signal: controller.signal })
  ].map((task) => task.catch((error) => error))
  controller.abort(REASON)
  tasks.push(pool.execute(() => 1, 1, { signal: controller.signal }).catch((error) => error))
  expect(await within(Promise.all(tasks), 'the rejections')).toEqual([REASON, REASON, REASON, REASON])
  await turn()
  unhandled.stop()
  expect(unhandled.heard).toEqual([])
})
