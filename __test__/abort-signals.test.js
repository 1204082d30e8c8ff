const vm = require('node:vm')
const { makeLarge } = require('./support/bytes.js')
const { listen, listeners } = require('./support/events.js')
const { makeView, raise } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { BEGUN, GO, begun } = require('./support/stopping.js')
const { blockFor, delay, until, waitSync, within } = require('./support/waiting.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })
const REASON = { taken: 'back' }

const unhandled = listen('unhandledRejection')
afterAll(() => unhandled.stop())
afterEach(async () => {
  await delay(0) // those are told of after the microtasks
  expect(unhandled.heard.splice(0)).toEqual([])
})

/** A pool whose worker and native thread are held until `letGo`. */
async function held(options) {
  const pool = poolOf(options)
  const [view, pipe] = [makeView(), makePipe()]
  const holders = [
    pool.execute('block', { view, value: 1 }),
    pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' })
  ]
  for (const holder of holders) holder.catch(() => {})
  await begun(view)
  await pipe.reached()
  const letGo = () => {
    raise(view, GO)
    pipe.release('abc')
    return within(Promise.all(holders), 'the holders')
  }
  return { pool, letGo }
}

const running = async (pool) => until(() => pool.stats().nativeThreads.busy === 1, 'a busy native thread')

/** Brings a task to where it is to be aborted: `[where, (signal) => { pool, task }]`. */
const PLACES = {
  'waiting for a worker': async (signal) => {
    const { pool, letGo } = await held()
    return { pool, letGo, task: pool.execute('echo', 1, { signal }) }
  },
  'waiting for a worker, with an input that goes by message': async (signal) => {
    const { pool, letGo } = await held()
    return { pool, letGo, task: pool.execute('echo', /x/, { signal }) }
  },
  'waiting for a native thread': async (signal) => {
    const { pool, letGo } = await held()
    return { pool, letGo, task: pool.execute('native:noop', { data: 'x' }, { signal }) }
  },
  'waiting for a worker to start': async (signal) => {
    const pool = poolOf()
    return { pool, task: pool.execute('echo', 1, { signal }) }
  },
  'waiting for its input': async (signal) => {
    const pool = poolOf()
    const view = makeView()
    const first = pool.execute('block', { view, value: 1 })
    await begun(view)
    const task = pool.execute('echo', /x/, { signal })
    raise(view, GO)
    blockFor(50) // the worker asks for it meanwhile, and this thread does not hear that
    return { pool, letGo: () => first, task }
  },
  'running in a loop': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    const task = pool.execute('a loop', view, { signal })
    await begun(view)
    return { pool, task }
  },
  'running and listening': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    const task = pool.execute('listens', view, { signal })
    await begun(view)
    return { pool, task }
  },
  'running and waiting': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    const task = pool.execute('never', view, { signal })
    await begun(view)
    return { pool, task }
  },
  'running natively': async (signal) => {
    const pool = poolOf()
    const task = pool.execute('native:hash', { data: makeLarge(), algorithm: 'sha3-256' }, { signal })
    await running(pool)
    return { pool, task }
  },
  'waiting for its next attempt': async (signal) => {
    const pool = poolOf()
    const task = pool.execute('fail', 'x', { signal, retries: { max: 5, delay: 60_000 } })
    await until(() => pool.stats().tasks.retried === 1, 'the first failure')
    return { pool, task }
  },
  'waiting for its next native attempt': async (signal) => {
    const pool = poolOf()
    const options = { signal, retries: { max: 5, delay: 60_000 } }
    const task = pool.execute('native:hash', { data: { path: '/no/such/file' } }, options)
    await until(() => pool.stats().tasks.retried === 1, 'the first failure')
    return { pool, task }
  },
  'over, but that has not been read': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    await pool.execute('echo')
    const task = pool.execute('echo', 1, { signal })
    pool.execute('mark', { view, index: 0 })
    waitSync(view, BEGUN, 1, 'the task behind')
    return { pool, task }
  },
  'failed, but that has not been read': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    await pool.execute('echo')
    const task = pool.execute('fail', 'x', { signal, retries: { max: 0 } })
    pool.execute('mark', { view, index: 0 })
    waitSync(view, BEGUN, 1, 'the task behind')
    return { pool, task }
  },
  'failed, and nobody has been asked about another attempt': async (signal) => {
    const [pool, view] = [poolOf(), makeView()]
    await pool.execute('echo')
    const when = () => {
      throw new Error('nobody is to be asked')
    }
    const task = pool.execute('fail', 'x', { signal, retries: { max: 3, when } })
    pool.execute('mark', { view, index: 0 })
    waitSync(view, BEGUN, 1, 'the task behind')
    return { pool, task }
  }
}

describe.each(Object.entries(PLACES))('a task that is aborted while %s', (where, place) => {
  test('rejects with the reason, leaves no listener, and the next tasks run', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const { pool, task, letGo = () => {} } = await place(signal)
    const error = rejection(task)
    expect(listeners(signal)).toBe(1)
    controller.abort(REASON)
    expect(await error).toBe(REASON)
    expect(listeners(signal)).toBe(0)
    await letGo()
    await expect(within(pool.execute('echo', [1, /x/]), 'the next task')).resolves.toEqual([1, /x/])
    await expect(within(pool.execute('native:noop', { data: 'x' }), 'the next native task')).resolves.toBe(
      'x'
    )
    const { tasks, queue } = pool.stats()
    expect(queue.length).toBe(0)
    if (!where.includes('not been read') && !where.includes('nobody')) {
      expect(tasks).toMatchObject({ cancelled: 1, failed: 0, timedOut: 0 })
    }
    expect(tasks.completed + tasks.cancelled + tasks.failed).toBe(tasks.submitted)
    await within(pool.close(), 'close()')
  })
})

describe('a task whose signal is aborted already', () => {
  const signal = AbortSignal.abort(REASON)

  test.each([
    ['echo', 1],
    ['echo', /x/],
    ['native:noop', { data: 'x' }]
  ])('rejects with the reason and never runs: %s of %p', async (task, input) => {
    const pool = poolOf()
    expect(await rejection(pool.execute(task, input, { signal }))).toBe(REASON)
    expect(await rejection(pool.priority('high', task, input, { signal }))).toBe(REASON)
    expect(pool.stats()).toMatchObject({
      tasks: { submitted: 0 },
      workers: { total: 0 },
      nativeThreads: { total: 0 }
    })
    expect(listeners(signal)).toBe(0)
  })

  test.each([
    ['echo', (data) => ({ data })],
    ['native:noop', (data) => ({ data })]
  ])('leaves what it was to transfer: %s', async (task, inputOf) => {
    const data = new ArrayBuffer(64)
    const options = { signal, transfer: [data] }
    expect(await rejection(poolOf().execute(task, inputOf(data), options))).toBe(REASON)
    expect(data.byteLength).toBe(64)
  })

  test('also when reading its own input aborts it', async () => {
    for (const more of [1, /x/]) {
      const controller = new AbortController()
      const [pool, view] = [poolOf(), makeView()]
      const input = {
        more,
        view,
        get index() {
          controller.abort(REASON)
          return 0
        }
      }
      expect(await rejection(pool.execute('mark', input, { signal: controller.signal }))).toBe(REASON)
      await pool.execute('echo', 1)
      expect(view[0]).toBe(0)
      expect(listeners(controller.signal)).toBe(0)
    }
  })

  test('also when sending its input aborts it: the input is nobody else’s', async () => {
    const pool = poolOf()
    await pool.execute('echo', 1)
    const controller = new AbortController()
    const { signal } = controller
    let other
    const input = {
      more: /x/, // Rust cannot carry it, so the rest is read when it is sent
      get last() {
        controller.abort(REASON)
        blockFor(50) // its worker falls idle again
        other = pool.execute('echo', /other/)
        return 'last'
      }
    }
    expect(await rejection(pool.execute('echo', input, { signal }))).toBe(REASON)
    await expect(within(other, 'the other task')).resolves.toEqual(/other/)
    await expect(within(pool.execute('echo', /third/), 'the third task')).resolves.toEqual(/third/)
    expect(listeners(signal)).toBe(0)
  })

  test('also when another option aborts it', async () => {
    const controller = new AbortController()
    const options = {
      signal: controller.signal,
      get priority() {
        controller.abort(REASON)
        return 1
      }
    }
    expect(await rejection(poolOf().execute('echo', 1, options))).toBe(REASON)
  })
})

describe('retries and signals', () => {
  test('a task that `when` aborts rejects with the reason and is not tried again', async () => {
    const [pool, controller] = [poolOf(), new AbortController()]
    let asked = 0
    const when = () => {
      asked++
      controller.abort(REASON)
      return true
    }
    const options = { signal: controller.signal, retries: { max: 5, when } }
    expect(await rejection(pool.execute('fail', 'x', options))).toBe(REASON)
    await pool.execute('echo', 1)
    expect(asked).toBe(1)
    expect(pool.stats()).toMatchObject({ tasks: { retried: 0, submitted: 2, completed: 1 } })
    expect(listeners(controller.signal)).toBe(0)
    await within(pool.close(), 'close()')
  })

  test('an abort is no failure: nobody is asked, nothing is tried again', async () => {
    const [pool, controller, view] = [poolOf(), new AbortController(), makeView()]
    const asked = []
    const when = (error) => asked.push(error) > 0
    const options = { signal: controller.signal, retries: { max: 5, when } }
    const tasks = [
      rejection(pool.execute('a loop', view, options)),
      rejection(pool.execute('native:hash', { data: { path: '/dev/zero' } }, options))
    ]
    await begun(view)
    await running(pool)
    controller.abort(REASON)
    expect(await Promise.all(tasks)).toEqual([REASON, REASON])
    await Promise.all([pool.execute('echo'), pool.execute('native:noop')])
    expect(asked).toEqual([])
    expect(pool.stats().tasks).toMatchObject({ cancelled: 2, retried: 0 })
  })
})

describe('the reason is given as it is', () => {
  const own = class Own extends Error {}
  test.each([
    ['null', null],
    ['0', 0],
    ['an empty string', ''],
    ['false', false],
    ['a symbol', Symbol('why')],
    ['a function', () => 1],
    ['an error of its own class', new own('why')],
    ['an error of another realm', vm.runInNewContext('new TypeError("why")')],
    ['a frozen object', Object.freeze({})]
  ])('%s', async (_, reason) => {
    const [pool, view] = [poolOf({ keepWorkerAfterStop: true }), makeView()]
    const controller = new AbortController()
    const { signal } = controller
    const tasks = [
      pool.execute('a loop', view, { signal }),
      pool.execute('echo', 1, { signal }),
      pool.execute('native:hash', { data: { path: '/dev/zero' } }, { signal })
    ].map((task) => rejection(task))
    await begun(view)
    await running(pool)
    controller.abort(reason)
    tasks.push(rejection(pool.execute('echo', 1, { signal })))
    for (const error of await Promise.all(tasks)) expect(error).toBe(reason)
  })

  test('that of abort() without one: an AbortError', async () => {
    const controller = new AbortController()
    const task = rejection(poolOf().execute('never', undefined, { signal: controller.signal }))
    controller.abort()
    const error = await task
    expect(error).toBe(controller.signal.reason)
    expect(error.name).toBe('AbortError')
  })

  test('that of AbortSignal.timeout(): a TimeoutError, which is none of the pool', async () => {
    const pool = poolOf()
    const signal = AbortSignal.timeout(30)
    const error = await rejection(pool.execute('a loop', undefined, { signal }))
    expect(error).toBe(signal.reason)
    expect(error.name).toBe('TimeoutError')
    expect(error.code).not.toBe('ERR_TASK_TIMEOUT')
    expect(pool.stats().tasks).toMatchObject({ cancelled: 1, timedOut: 0 })
  })

  test('that of AbortSignal.any(), from whichever it comes', async () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()]
      const signal = AbortSignal.any(controllers.map((controller) => controller.signal))
      const [pool, view] = [poolOf(), makeView()]
      const task = rejection(pool.execute('a loop', view, { signal }))
      await begun(view)
      controllers[which].abort(REASON)
      expect(await task).toBe(REASON)
      expect(listeners(signal)).toBe(0)
    }
  })
})
