'use strict'

const { hear } = require('./support/events.js')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { STEERED } = require('./support/scripts.js')
const { turn, until, within } = require('./support/waiting.js')

const poolOf = (options, script = STEERED) => poolsOf(script, { maxWorkers: 1 })(options)

/** How often each value occurs. */
function tally(values) {
  const counts = new Map()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts.values()]
}

describe('maxTasksPerWorker', () => {
  test('of 1 gives each task a fresh worker, whose modules are fresh, too', async () => {
    const script = write('counter.cjs', 'let n = 0\nexports.count = () => ++n')
    const pool = poolOf({ maxTasksPerWorker: 1 }, script)
    const heard = hear(pool)
    const counts = await within(Promise.all(range(6).map(() => pool.execute('count'))), 'the tasks')
    expect(counts).toEqual([1, 1, 1, 1, 1, 1])
    await within(pool.close(), 'close()')
    await until(() => heard.exited.length === 6, 'the exits')
    expect(heard.exited.every(({ exitCode, error }) => exitCode === 0 && error === undefined)).toBe(true)
    expect(heard.errors).toEqual([])
  })

  const PAUSING = async (_, { workerId }) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return workerId
  }

  test.each([
    ['one worker', { maxTasksPerWorker: 3 }, 'whoever', 0],
    ['two workers', { maxTasksPerWorker: 2, maxWorkers: 2 }, 'whoever', 0],
    ['round-robin', { maxTasksPerWorker: 3, maxWorkers: 2, strategy: 'round-robin' }, 'whoever', 0],
    ['least-loaded', { maxTasksPerWorker: 3, maxWorkers: 2, strategy: 'least-loaded' }, 'whoever', 0],
    ['a minimum', { maxTasksPerWorker: 2, minWorkers: 2, maxWorkers: 2 }, 'whoever', 0],
    ['inputs by message', { maxTasksPerWorker: 3 }, 'whoever', /x/],
    ['asynchronous tasks', { maxTasksPerWorker: 3 }, PAUSING, 0],
    ['several at a time', { maxTasksPerWorker: 5, concurrentTasksPerWorker: 3, maxWorkers: 2 }, PAUSING, 0],
    ['fewer than at a time', { maxTasksPerWorker: 2, concurrentTasksPerWorker: 8 }, PAUSING, 0],
    ['several by message', { maxTasksPerWorker: 3, concurrentTasksPerWorker: 3 }, 'whoever', /x/]
  ])('is strict with %s', async (_, options, task, input) => {
    const pool = poolOf(options)
    const workers = await within(Promise.all(range(20).map(() => pool.execute(task, input))), 'the tasks')
    expect(Math.max(...tally(workers))).toBeLessThanOrEqual(options.maxTasksPerWorker)
    const oneByOne = []
    for (let n = 0; n < 7; n++) oneByOne.push(await within(pool.execute(task, input), `task ${n}`))
    expect(Math.max(...tally([...workers, ...oneByOne]))).toBeLessThanOrEqual(options.maxTasksPerWorker)
    await within(pool.close(), 'close()')
  })

  test('counts tasks that fail', async () => {
    const pool = poolOf({ maxTasksPerWorker: 2 })
    await Promise.all([rejection(pool.execute('fail', 'no')), rejection(pool.execute('fail', 'no'))])
    await expect(within(pool.execute('whoever'), 'the task')).resolves.toBe(2)
  })

  test('counts every try', async () => {
    const pool = poolOf({ maxTasksPerWorker: 2 })
    await rejection(pool.execute('fail', 'no', { retries: 3 }))
    await expect(within(pool.execute('whoever'), 'the task')).resolves.toBe(3)
  })

  test('is not for native tasks', async () => {
    const pool = poolOf({ maxTasksPerWorker: 1, nativeThreads: 1 })
    await within(Promise.all(range(10).map(() => pool.execute('native:noop'))), 'the tasks')
    expect(pool.stats().perWorker).toMatchObject([{ kind: 'native', tasks: 10 }])
  })

  test('keeps minWorkers up', async () => {
    const pool = poolOf({ maxTasksPerWorker: 1, minWorkers: 2, maxWorkers: 2 })
    await within(pool.ready(), 'ready()')
    await within(Promise.all(range(4).map(() => pool.execute('echo'))), 'the tasks')
    await until(() => {
      const { total, idle } = pool.stats().workers
      return total === 2 && idle === 2
    }, 'two fresh workers')
    await within(pool.ready(), 'ready() again')
  })

  test('lets the last tasks of a worker finish before it goes', async () => {
    const pool = poolOf({ maxTasksPerWorker: 2, concurrentTasksPerWorker: 2 })
    const gate = makeGate()
    const long = pool.execute('wait', { gate, value: 'whole' })
    await entered(gate)
    await expect(pool.execute('whoever')).resolves.toBe(1)
    const next = pool.execute('whoever') // for a successor, once the long one is over
    open(gate)
    await expect(within(long, 'the long task')).resolves.toBe('whole')
    await expect(within(next, 'the next task')).resolves.toBe(2)
  })
})

describe('maxHeapBeforeRecycle', () => {
  const MEGABYTE = 2 ** 20
  const LIMIT = 32 * MEGABYTE

  test('gives a script that leaks a fresh worker from time to time', async () => {
    const pool = poolOf({ maxHeapBeforeRecycle: LIMIT })
    const heard = hear(pool)
    const answers = []
    for (let n = 0; n < 30; n++) answers.push(await within(pool.execute('leak', 5), `task ${n}`))
    const workers = new Set(answers.map(({ workerId }) => workerId))
    expect(workers.size).toBeGreaterThanOrEqual(2) // each works on until its successor is up
    expect(Math.max(...answers.map(({ tasks }) => tasks))).toBeLessThan(30)
    await within(pool.close(), 'close()')
    await until(() => heard.exited.length === heard.started.length, 'the exits')
    expect(heard.exited.every(({ exitCode }) => exitCode === 0)).toBe(true)
    expect(heard.errors).toEqual([])
  })

  test('interrupts no task, running or waiting', async () => {
    const pool = poolOf({ maxHeapBeforeRecycle: LIMIT, concurrentTasksPerWorker: 2 })
    const gate = makeGate()
    const long = pool.execute('wait', { gate, value: 'whole' })
    await entered(gate)
    const heard = hear(pool)
    const leaks = range(20).map(() => pool.execute('leak', 5))
    await expect(within(Promise.all(leaks), 'the leaking tasks')).resolves.toHaveLength(20)
    await until(() => heard.started.length > 0, 'the start of a successor')
    expect(heard.exited.map(({ workerId }) => workerId)).not.toContain(1) // it has the long task yet
    open(gate)
    await expect(within(long, 'the long task')).resolves.toBe('whole')
    await until(() => heard.exited.some(({ workerId }) => workerId === 1), 'the end of the first worker')
    await within(pool.close(), 'close()')
  })

  test('is soon over if one task is more than it allows', async () => {
    const pool = poolOf({ maxHeapBeforeRecycle: 1 })
    for (let n = 0; n < 8; n++) await expect(within(pool.execute('echo', n), `task ${n}`)).resolves.toBe(n)
    await within(pool.close(), 'close()')
  })

  test('leaves a script alone that does not leak', async () => {
    const pool = poolOf({ maxHeapBeforeRecycle: 200 * MEGABYTE })
    for (let n = 0; n < 50; n++) await expect(pool.execute('whoever')).resolves.toBe(1)
  })
})

describe('workerStart and workerExit', () => {
  test('come once for each worker, and tell which', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const heard = hear(pool)
    const gate = makeGate()
    const tasks = [pool.execute('block', gate), pool.execute('block', gate)]
    await entered(gate, 2)
    await until(() => heard.started.length === 2, 'both starts')
    expect(heard.started.map(({ workerId }) => workerId).sort()).toEqual([1, 2])
    expect(heard.exited).toEqual([])
    open(gate)
    await Promise.all(tasks)
    await within(pool.close(), 'close()')
    await until(() => heard.exited.length === 2, 'both exits')
    expect(heard.exited.sort((a, b) => a.workerId - b.workerId)).toEqual([
      { workerId: 1, exitCode: 0, error: undefined },
      { workerId: 2, exitCode: 0, error: undefined }
    ])
    expect(heard.errors).toEqual([])
  })

  test('the start comes when the script is loaded and set up, and before the results of tasks', async () => {
    const script = write(
      'slow.mjs',
      `await new Promise((resolve) => setTimeout(resolve, 20))
       export const f = () => 'result'`
    )
    const pool = poolOf({}, script)
    const order = []
    pool.on('workerStart', () => order.push('start'))
    const ready = pool.resize({ minWorkers: 1 }).then(() => order.push('ready'))
    await within(ready, 'resize()')
    await turn()
    await pool.execute('f').then((result) => order.push(result))
    expect(order.at(-1)).toBe('result')
    expect(order.slice(0, -1).sort()).toEqual(['ready', 'start'])
  })

  test.each([
    ['exits', ['exit', 7], { exitCode: 7, error: undefined }],
    ['dies of an error', ['uncaught'], { exitCode: 1, error: { message: 'thrown by a timer' } }]
  ])('the exit of one that %s tells so', async (_, task, exit) => {
    const pool = poolOf()
    const heard = hear(pool)
    const error = await rejection(pool.execute(...task))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await until(() => heard.exited.length === 1, 'the exit')
    expect(heard.exited[0]).toMatchObject({ workerId: 1, ...exit })
    expect(heard.errors).toEqual([]) // its task has been told
  })

  test('the death of one without a task is told with its exit', async () => {
    const pool = poolOf()
    const heard = hear(pool)
    await pool.execute(() => {
      setImmediate(() => {
        throw new RangeError('between tasks')
      })
    })
    await until(() => heard.exited.length === 1, 'the exit')
    expect(heard.exited[0]).toMatchObject({
      exitCode: 1,
      error: { name: 'RangeError', message: 'between tasks' }
    })
    expect(heard.errors).toEqual([])
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })

  test('those of terminate() come before it resolves or soon after, without errors', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const heard = hear(pool)
    const gate = makeGate()
    const tasks = [rejection(pool.execute('spin', gate)), rejection(pool.execute('never', gate))]
    await entered(gate, 2)
    await within(pool.terminate(), 'terminate()')
    await Promise.all(tasks)
    await until(() => heard.exited.length === 2, 'both exits')
    expect(heard.errors).toEqual([])
  })

  test('a worker that never was up exits without having started', async () => {
    const pool = poolOf({}, write('exits.cjs', 'process.exit(3)'))
    const heard = hear(pool)
    expect(await rejection(pool.execute('f'))).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await until(() => heard.exited.length === 1, 'the exit')
    expect(heard).toMatchObject({ started: [], exited: [{ exitCode: 3 }] })
  })
})
