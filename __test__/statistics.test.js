const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { blockFor, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1, nativeThreads: 1 })

const TIMES = { mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }
const number = expect.any(Number)

describe('the shape', () => {
  test('of a fresh pool', () => {
    expect(poolOf().stats()).toStrictEqual({
      name: 'threadmill',
      workers: { total: 0, busy: 0, idle: 0 },
      nativeThreads: { total: 0, busy: 0, idle: 0 },
      queue: { length: 0, held: 0, oldestAge: 0, byPriority: {} },
      tasks: { submitted: 0, completed: 0, failed: 0, cancelled: 0, timedOut: 0, retried: 0 },
      waitTime: TIMES,
      runTime: TIMES,
      utilization: 0,
      perWorker: [],
      perTask: {}
    })
  })

  test('of a pool that has worked', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await pool.execute('native:noop')
    const times = { mean: number, p50: number, p90: number, p99: number, max: number }
    const runTime = { mean: number, max: number }
    const worker = { id: 1, busy: false, tasks: 1, busyTime: number, utilization: number }
    expect(pool.stats()).toStrictEqual({
      name: 'threadmill',
      workers: { total: 1, busy: 0, idle: 1 },
      nativeThreads: { total: 1, busy: 0, idle: 1 },
      queue: { length: 0, held: 0, oldestAge: 0, byPriority: {} },
      tasks: { submitted: 2, completed: 2, failed: 0, cancelled: 0, timedOut: 0, retried: 0 },
      waitTime: times,
      runTime: times,
      utilization: number,
      perWorker: [
        { ...worker, kind: 'javascript' },
        { ...worker, kind: 'native' }
      ],
      perTask: {
        echo: { kind: 'javascript', completed: 1, failed: 0, runTime },
        'native:noop': { kind: 'native', completed: 1, failed: 0, runTime }
      }
    })
  })

  test('is that of a plain value of one’s own', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    const stats = pool.stats()
    stats.tasks.submitted = 1000
    delete stats.perTask.echo
    expect(pool.stats()).toMatchObject({ tasks: { submitted: 1 }, perTask: { echo: { completed: 1 } } })
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
  })

  test('holds finite numbers from 0 only', async () => {
    const pool = poolOf({ maxWorkers: 2, nativeThreads: 2 })
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => (n % 2 ? pool.execute('echo', n) : pool.execute('native:noop')))
    )
    const check = (value, path) => {
      if (typeof value === 'number') {
        if (!(value >= 0 && value < 1e15)) throw new Error(`${path} is ${value}`)
      } else if (typeof value === 'object')
        for (const key of Object.keys(value)) check(value[key], `${path}.${key}`)
    }
    check(pool.stats(), 'stats')
  })
})

describe('tasks are counted', () => {
  test('by how they end', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await rejection(pool.execute('fail', 'no'))
    await rejection(pool.execute('absent'))
    await rejection(pool.execute('native:hash', { data: { path: '/there/is/no/such/file' } }))
    await rejection(pool.execute('native:decompress', { data: 'x' }))
    await rejection(pool.execute('exit', 1))
    expect(pool.stats().tasks).toEqual({
      submitted: 6,
      completed: 1,
      failed: 5,
      cancelled: 0,
      timedOut: 0,
      retried: 0
    })
  })

  test('but not if they were never accepted', async () => {
    const pool = poolOf()
    await rejection(pool.execute(5))
    await rejection(pool.execute('echo', 1, { priority: 'absent' }))
    await rejection(pool.execute('native:hash', 5))
    await rejection(pool.execute('native:hash', { data: 'x', algorithm: 'absent' }))
    expect(pool.stats().tasks).toMatchObject({ submitted: 0, failed: 0 })
    await within(pool.close(), 'close()')
    await rejection(pool.execute('echo'))
    expect(pool.stats().tasks).toMatchObject({ submitted: 0, failed: 0, cancelled: 0 })
  })

  test('in thousands', async () => {
    const pool = poolOf({ maxWorkers: 2, nativeThreads: 2 })
    const tasks = Array.from({ length: 3000 }, (_, n) => {
      if (n % 3 === 0) return pool.execute('native:noop')
      return n % 3 === 1 ? pool.execute('echo', n) : pool.execute('fail', 'no')
    })
    await within(Promise.allSettled(tasks), 'the tasks')
    const { tasks: counts, perTask, perWorker } = pool.stats()
    expect(counts).toMatchObject({ submitted: 3000, completed: 2000, failed: 1000, cancelled: 0 })
    expect(perTask).toMatchObject({
      'native:noop': { completed: 1000, failed: 0 },
      echo: { completed: 1000, failed: 0 },
      fail: { completed: 0, failed: 1000 }
    })
    expect(perWorker.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(3000)
  })

  test('when they are cancelled', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const running = rejection(pool.execute('never', gate))
    await entered(gate)
    const queued = [1, 2, 3].map(() => rejection(pool.execute('echo')))
    await within(pool.terminate(), 'terminate()')
    await Promise.all([running, ...queued])
    expect(pool.stats().tasks).toMatchObject({ submitted: 4, completed: 0, failed: 0, cancelled: 4 })
  })

  test('one whose input cannot be sent counts as cancelled, not as waiting', async () => {
    const pool = poolOf()
    expect(await rejection(pool.execute('echo', () => {}))).toMatchObject({ code: 'ERR_NOT_SERIALIZABLE' })
    expect(pool.stats()).toMatchObject({ queue: { length: 0 }, tasks: { completed: 0 } })
    await within(pool.close(), 'close()')
  })
})

describe('the queue', () => {
  test('its length, and the waiting at each priority', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const tasks = [pool.execute('block', gate)]
    await entered(gate)
    for (const priority of ['high', 'low', 0, 0, 2.5, 10, 'urgent'])
      tasks.push(pool.execute('echo', 1, { priority }))
    expect(pool.stats()).toMatchObject({
      workers: { total: 1, busy: 1, idle: 0 },
      queue: { length: 7, byPriority: { 20: 1, 10: 2, 2.5: 1, 0: 2, '-10': 1 } }
    })
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
    expect(pool.stats().queue).toEqual({ length: 0, held: 0, oldestAge: 0, byPriority: {} })
  })

  test('counts both kinds of tasks', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const pipe = makePipe()
    const tasks = [pool.execute('block', gate), pool.execute('native:hash', { data: { path: pipe.file } })]
    await entered(gate)
    await pipe.reached()
    tasks.push(pool.execute('echo'), pool.execute('echo', /x/), pool.execute('native:noop'))
    expect(pool.stats()).toMatchObject({
      workers: { busy: 1 },
      nativeThreads: { busy: 1 },
      queue: { length: 3, byPriority: { 0: 3 } }
    })
    open(gate)
    pipe.release()
    await within(Promise.all(tasks), 'the tasks')
    expect(pool.stats().queue.length).toBe(0)
  })

  test('the age of the oldest that waits', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    expect(pool.stats().queue.oldestAge).toBe(0)
    const old = pool.execute('echo', 1, { priority: 'low' })
    blockFor(30)
    const young = pool.execute('echo', 2, { priority: 'high' })
    const { oldestAge } = pool.stats().queue
    expect(oldestAge).toBeGreaterThanOrEqual(30)
    blockFor(5)
    expect(pool.stats().queue.oldestAge).toBeGreaterThanOrEqual(oldestAge + 5)
    open(gate)
    await within(Promise.all([held, old, young]), 'the tasks')
    expect(pool.stats().queue.oldestAge).toBe(0)
  })
})

describe('times', () => {
  test('run time is at least what a task takes', async () => {
    const pool = poolOf()
    await pool.execute('work', 20)
    await pool.execute('work', 40)
    const { runTime, perTask, perWorker } = pool.stats()
    expect(runTime.max).toBeGreaterThanOrEqual(40)
    expect(runTime.mean).toBeGreaterThanOrEqual(30)
    expect(runTime.p99).toBeGreaterThanOrEqual(39) // right to two figures
    expect(runTime.p50).toBeGreaterThanOrEqual(19)
    expect(perTask.work.runTime.max).toBeGreaterThanOrEqual(40)
    expect(perTask.work.runTime.mean).toBeGreaterThanOrEqual(30)
    expect(perWorker[0].busyTime).toBeGreaterThanOrEqual(60)
  })

  test('run time counts the waiting of an asynchronous task for its promise', async () => {
    const pool = poolOf()
    await pool.execute((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)), 30)
    expect(pool.stats().runTime.max).toBeGreaterThanOrEqual(28) // a timer's millisecond may be a short one
  })

  test('run time counts failed tasks', async () => {
    const pool = poolOf()
    await rejection(
      pool.execute((milliseconds) => {
        const start = performance.now()
        while (performance.now() - start < milliseconds);
        throw new Error('no')
      }, 20)
    )
    expect(pool.stats().runTime.max).toBeGreaterThanOrEqual(20)
  })

  test('wait time is from submit to start', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    const waiting = pool.execute('echo')
    blockFor(30)
    open(gate)
    await within(Promise.all([held, waiting]), 'the tasks')
    expect(pool.stats().waitTime.max).toBeGreaterThanOrEqual(30)
  })

  test('quantiles do not decrease, and none is larger than the largest', async () => {
    const pool = poolOf()
    for (let n = 0; n < 50; n++) await pool.execute('work', n % 5)
    const { runTime, waitTime } = pool.stats()
    for (const { p50, p90, p99, max, mean } of [runTime, waitTime]) {
      expect(p50).toBeLessThanOrEqual(p90)
      expect(p90).toBeLessThanOrEqual(p99)
      expect(p99).toBeLessThanOrEqual(max * 1.01)
      expect(mean).toBeLessThanOrEqual(max * 1.01)
      expect(p50).toBeGreaterThan(0)
    }
  })
})

describe('by task', () => {
  test('names of exports, functions and native tasks', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await pool.run()
    await pool.execute(function named() {})
    await pool.execute(() => 1) // has no name, and is called what it says
    await pool.execute('native:hash', { data: 'x' })
    const { perTask } = pool.stats()
    expect(Object.keys(perTask).sort()).toEqual(['() => 1', 'default', 'echo', 'named', 'native:hash'])
    expect(perTask['native:hash'].kind).toBe('native')
    expect(perTask.named.kind).toBe('javascript')
  })

  test('functions of one name count together', async () => {
    const pool = poolOf()
    await pool.execute(new Function('return function same() { return 1 }')())
    await rejection(pool.execute(new Function('return function same() { throw 1 }')()))
    await pool.execute(new Function('return function same() { return 3 }')())
    expect(pool.stats().perTask).toMatchObject({ same: { completed: 2, failed: 1 } })
  })

  test('a function may be called __proto__ or constructor', async () => {
    const pool = poolOf()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const task = Object.defineProperty(new Function(`return '${name}'`), 'name', { value: name })
      await expect(pool.execute(task)).resolves.toBe(name)
      const { perTask } = pool.stats()
      expect(Object.hasOwn(perTask, name)).toBe(true)
      expect(Object.getOwnPropertyDescriptor(perTask, name).value).toMatchObject({ completed: 1 })
    }
  })

  test('one that only waits is not among them', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    const waiting = pool.execute('echo')
    expect(pool.stats().perTask).toEqual({})
    open(gate)
    await Promise.all([held, waiting])
    expect(Object.keys(pool.stats().perTask).sort()).toEqual(['block', 'echo'])
  })
})

describe('by worker', () => {
  test('who is busy, while it is', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    await pool.execute('echo')
    const { workers, perWorker } = pool.stats()
    expect(workers).toEqual({ total: 2, busy: 1, idle: 1 })
    expect(perWorker.filter(({ busy }) => busy)).toHaveLength(1)
    expect(perWorker.find(({ busy }) => busy)).toMatchObject({ kind: 'javascript', tasks: 0 })
    open(gate)
    await held
    expect(pool.stats().workers).toEqual({ total: 2, busy: 0, idle: 2 })
  })

  test('the time of a task that still runs counts', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const held = pool.execute('block', gate)
    await entered(gate)
    blockFor(30)
    const { perWorker, utilization } = pool.stats()
    expect(perWorker[0].busyTime).toBeGreaterThanOrEqual(30)
    expect(utilization).toBeGreaterThan(0)
    open(gate)
    await held
  })

  test('utilization is from 0 to 1 and that of the pool is the mean', async () => {
    const pool = poolOf({ maxWorkers: 2, nativeThreads: 2 })
    await Promise.all([
      ...Array.from({ length: 20 }, () => pool.execute('work', 2)),
      ...Array.from({ length: 20 }, () => pool.execute('native:hash', { data: new Uint8Array(1 << 20) }))
    ])
    const { utilization, perWorker } = pool.stats()
    expect(perWorker.length).toBeGreaterThan(1)
    for (const each of perWorker) {
      expect(each.utilization).toBeGreaterThan(0)
      expect(each.utilization).toBeLessThanOrEqual(1)
    }
    const mean = perWorker.reduce((sum, each) => sum + each.utilization, 0) / perWorker.length
    expect(utilization).toBeCloseTo(mean, 10)
  })

  test('one that is gone is not listed, its tasks stay counted', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await rejection(pool.execute('exit', 1))
    expect(pool.stats()).toMatchObject({ perWorker: [], tasks: { submitted: 2, completed: 1, failed: 1 } })
    await pool.execute('echo')
    expect(pool.stats().perWorker).toMatchObject([{ id: 2, tasks: 1 }])
  })

  test('one that starts is neither busy nor idle', async () => {
    const pool = poolOf()
    const task = pool.execute('echo')
    expect(pool.stats()).toMatchObject({
      workers: { total: 1, busy: 0, idle: 0 },
      queue: { length: 1 },
      perWorker: [{ id: 1, kind: 'javascript', busy: false, tasks: 0 }]
    })
    await task
    await until(() => pool.stats().workers.idle === 1, 'the idle worker')
  })
})
