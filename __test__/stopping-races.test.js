// Stops that come within microseconds of the end of what they mean: too early, in the middle, too late. Whatever
// happens, a stop hits the task it is meant for or nobody.

const { WorkerPool } = require('..')
const { makeView } = require('./support/memory.js')
const { makeRandom } = require('./support/numbers.js')
const { outcomeOf } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { BEGUN } = require('./support/stopping.js')
const { turn, within, workFor } = require('./support/waiting.js')

jest.setTimeout(60_000)
const LONG = 40_000

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })

/** Checks that a limited task fulfilled or was stopped as it was meant to be. */
function expectOneOf(settled, value, code) {
  if ('value' in settled) expect(settled.value).toBe(value)
  else expect(settled.code).toBe(code)
}

/** Busy for a time that is over at about the time of the stop: well before, just before, just after, never. */
function duration(timeout, chance) {
  if (chance < 0.1) return 0
  if (chance > 0.95) return 1e9
  return Math.max(0, timeout + (chance - 0.5) * 0.3)
}

const workTimes = async (options, total, timeout) => {
  const pool = poolOf({ maxWorkers: 2, ...options })
  const chance = makeRandom(total)
  const limited = []
  const innocent = []
  const input = []
  for (let n = 0; n < total; n++) {
    const milliseconds = duration(timeout, chance())
    limited.push(outcomeOf(pool.execute('work', { milliseconds, value: n }, { timeout })))
    input.push(n % 7 ? { n } : [/x/, n]) // every seventh goes by message
    innocent.push(outcomeOf(pool.execute('echo', input[n])))
  }
  const all = await within(Promise.all(limited), 'the end of every limited task', LONG)
  const others = await within(Promise.all(innocent), 'the end of every innocent task', LONG)
  for (const [n, settled] of all.entries()) expectOneOf(settled, n, 'ERR_TASK_TIMEOUT')
  expect(others).toEqual(input.map((value) => ({ value })))
  const stopped = all.filter(({ code }) => code !== undefined).length
  const { tasks } = pool.stats()
  expect(tasks).toMatchObject({ timedOut: stopped, completed: 2 * total - stopped, failed: 0, cancelled: 0 })
  expect(stopped).toBeGreaterThan(0)
  const last = Array.from({ length: 100 }, (_, n) => pool.execute('echo', n))
  await expect(within(Promise.all(last), 'the tasks after')).resolves.toEqual(last.map((_, n) => n))
  await within(pool.close(), 'close()')
}

describe('tasks that end at about the end of their time, among others without any', () => {
  test('in workers that are kept', () => workTimes({ keepWorkerAfterStop: true }, 4000, 0.5))
  test('in workers that are replaced', () => workTimes({}, 300, 0.5))
  test('in workers with several tasks at a time', () =>
    workTimes({ keepWorkerAfterStop: true, concurrentTasksPerWorker: 4 }, 1500, 0.3))
  test('one by one', () => workTimes({ keepWorkerAfterStop: true, maxWorkers: 1 }, 1500, 0.3))
})

test('asynchronous tasks that end at about the end of their time', async () => {
  const pool = poolOf({ keepWorkerAfterStop: true, concurrentTasksPerWorker: 8 })
  const soon = async ({ n, turns }) => {
    const { setImmediate: turn } = require('node:timers/promises')
    for (let k = 0; k < turns; k++) await turn()
    return n
  }
  const tasks = Array.from({ length: 3000 }, (_, n) =>
    outcomeOf(pool.execute(soon, { n, turns: n % 40 }, { timeout: 0.2 + (n % 10) / 10 }))
  )
  const innocent = Array.from({ length: 3000 }, (_, n) => pool.execute(soon, { n, turns: n % 3 }))
  const all = await within(Promise.all(tasks), 'the end of every limited task', LONG)
  for (const [n, settled] of all.entries()) expectOneOf(settled, n, 'ERR_TASK_TIMEOUT')
  const others = await within(Promise.all(innocent), 'the end of every innocent task', LONG)
  expect(others).toEqual(innocent.map((_, n) => n))
})

test('native tasks that end at about the end of their time', async () => {
  const pool = poolOf({ nativeThreads: 2 })
  const data = new Uint8Array(1 << 20)
  const [digest] = await Promise.all([pool.execute('native:hash', { data, algorithm: 'xxh3' })])
  const tasks = Array.from({ length: 3000 }, (_, n) =>
    outcomeOf(pool.execute('native:hash', { data, algorithm: 'xxh3' }, { timeout: 0.02 + (n % 50) / 500 }))
  )
  const innocent = Array.from({ length: 1000 }, () =>
    pool.execute('native:hash', { data, algorithm: 'xxh3' })
  )
  for (const settled of await within(Promise.all(tasks), 'the limited tasks', LONG))
    expectOneOf(settled, digest, 'ERR_TASK_TIMEOUT')
  const others = await within(Promise.all(innocent), 'the innocent tasks', LONG)
  expect(new Set(others)).toEqual(new Set([digest]))
})

describe('signals that are aborted at about the end of the task', () => {
  /** Aborts from this thread, which watches the task begin. */
  const abortWatched = async (options, total) => {
    const pool = poolOf(options)
    await pool.execute('echo')
    const chance = makeRandom(total)
    let stopped = 0
    for (let n = 0; n < total; n++) {
      const view = makeView()
      const controller = new AbortController()
      const milliseconds = 0.2 * chance()
      const task = outcomeOf(
        pool.execute('work', { view, milliseconds, value: n }, { signal: controller.signal })
      )
      const innocent = pool.execute('echo', n)
      const late = performance.now() + 5000
      while (Atomics.load(view, BEGUN) === 0)
        if (performance.now() > late) throw new Error('it did not begin')
      workFor(0.2 * chance())
      controller.abort('taken back')
      const settled = await within(task, `the end of task ${n}`)
      expectOneOf(settled, n, 'taken back')
      stopped += Number('code' in settled)
      expect(await within(innocent, `the task behind task ${n}`)).toBe(n)
    }
    expect(stopped).toBeGreaterThan(0)
    expect(pool.stats().tasks).toMatchObject({ submitted: 1 + 2 * total, failed: 0, timedOut: 0 })
    await within(pool.close(), 'close()')
  }

  test('by the thread that waits, in a worker that is kept', () =>
    abortWatched({ keepWorkerAfterStop: true }, 1500))
  test('by the thread that waits, in workers that are replaced', () => abortWatched({}, 150))

  test('by the task itself, through a port', async () => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const tell = ({ port, milliseconds, value }) => {
      port.postMessage('now')
      const end = performance.now() + milliseconds
      while (performance.now() < end);
      return value
    }
    const chance = makeRandom(7)
    for (let n = 0; n < 500; n++) {
      const { port1, port2 } = new MessageChannel()
      const controller = new AbortController()
      port1.once('message', () => controller.abort('taken back'))
      const input = { port: port2, milliseconds: 0.3 * chance(), value: n }
      const task = outcomeOf(pool.execute(tell, input, { transfer: [port2], signal: controller.signal }))
      const innocent = pool.execute('echo', n)
      expectOneOf(await within(task, `the end of task ${n}`), n, 'taken back')
      expect(await within(innocent, `the task behind task ${n}`)).toBe(n)
      port1.close()
    }
  })

  test('while they are queued, handed over, running and ending, all at once', async () => {
    const pool = poolOf({ maxWorkers: 2, nativeThreads: 2, keepWorkerAfterStop: true })
    const chance = makeRandom(11)
    const inputs = [
      ['work', { milliseconds: 0.05, value: 1 }],
      ['echo', 1],
      ['echo', /x/],
      ['late', { view: makeView().fill(1) }],
      ['native:noop', { data: 'x' }],
      ['native:hash', { data: new Uint8Array(1 << 18), algorithm: 'xxh3' }],
      ['a loop', undefined]
    ]
    const tasks = []
    for (let round = 0; round < 100; round++) {
      const controllers = []
      for (let n = 0; n < 40; n++) {
        const controller = new AbortController()
        controllers.push(controller)
        const [task, input] = inputs[Math.floor(chance() * inputs.length)]
        tasks.push(outcomeOf(pool.execute(task, input, { signal: controller.signal })))
      }
      const innocent = [pool.execute('echo', round), pool.execute('native:noop', { data: `${round}` })]
      for (const controller of controllers) {
        if (chance() < 0.2) await turn()
        controller.abort('taken back')
      }
      await expect(within(Promise.all(innocent), `round ${round}`)).resolves.toEqual([round, `${round}`])
    }
    for (const settled of await within(Promise.all(tasks), 'the end of every task', LONG))
      if ('code' in settled) expect(settled.code).toBe('taken back')
    expect(pool.stats()).toMatchObject({ queue: { length: 0 }, tasks: { failed: 0, timedOut: 0 } })
  })
})

describe('pools that are ended while time limits and signals strike', () => {
  test.each(['terminate', 'close'])('%s(), again and again', async (end) => {
    const chance = makeRandom(3)
    for (let n = 0; n < 40; n++) {
      const options = { maxWorkers: 2, nativeThreads: 2, keepWorkerAfterStop: n % 2 === 0 }
      const pool = new WorkerPool(STOPPING, options)
      const controller = new AbortController()
      const tasks = []
      const submit = (count) => {
        for (let k = 0; k < count; k++) {
          const milliseconds = duration(1, chance())
          tasks.push(outcomeOf(pool.execute('work', { milliseconds, value: k }, { timeout: 1 })))
          tasks.push(outcomeOf(pool.execute('never', undefined, { timeout: 0.5 })))
          tasks.push(outcomeOf(pool.execute('a loop', undefined, { signal: controller.signal, timeout: 3 })))
          tasks.push(outcomeOf(pool.execute('echo', /x/, { queueTimeout: 2 })))
          tasks.push(outcomeOf(pool.execute('native:hash', { data: { path: '/dev/zero' } }, { timeout: 1 })))
        }
      }
      submit(4)
      if (n % 4) await Promise.race(tasks)
      submit(2)
      if (n % 3) controller.abort('taken back')
      const ended = pool[end]()
      if (n % 3 === 0) controller.abort('taken back')
      const settled = await within(Promise.all(tasks), `the end of the tasks of pool ${n}`, 15_000)
      await within(ended, `${end}() of pool ${n}`, 15_000)
      const codes = new Set(settled.map(({ code }) => code))
      const known = [undefined, 'ERR_TASK_TIMEOUT', 'ERR_QUEUE_TIMEOUT', 'taken back']
      if (end === 'terminate') known.push('ERR_POOL_TERMINATED')
      for (const code of codes) expect(known).toContain(code)
      expect(pool.stats()).toMatchObject({ workers: { total: 0 }, nativeThreads: { total: 0 } })
    }
  })
})
