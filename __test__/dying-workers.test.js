const { once } = require('node:events')
const { WorkerPool } = require('..')
const { next } = require('./support/events.js')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf, track } = require('./support/pools.js')
const { FACE, runNode } = require('./support/processes.js')
const { MORTAL } = require('./support/scripts.js')
const { delay, until, within } = require('./support/waiting.js')

// What a pool does about workers that die again and again, or beside others.

const poolOf = poolsOf(MORTAL, { maxWorkers: 1 })

/** A script that counts in `workerData` how often it is loaded, then does this. */
const scriptThat = (statement) =>
  write(
    'script.cjs',
    `Atomics.add(require('node:worker_threads').workerData, 0, 1)
${statement}
Object.assign(exports, require(${JSON.stringify(MORTAL)}))`
  )

/** A pool of a script that goes wrong, and how often it has been loaded. */
function poolOfDying(statement, options) {
  const starts = makeView(1)
  const pool = track(new WorkerPool(scriptThat(statement), { maxWorkers: 2, workerData: starts, ...options }))
  return { pool, starts: () => Atomics.load(starts, 0) }
}

describe('a script that always dies while it loads', () => {
  const retries = { max: 1000, when: () => true }

  test.each([
    ['by exiting', {}, undefined],
    ['by exiting, with retries', { retries: 1000 }, undefined],
    ['by exiting, with retries that are asked about', {}, { retries }],
    ['by exiting, with a minimum of workers', { minWorkers: 2 }, undefined],
    ['by exiting, with a minimum of workers and retries', { minWorkers: 2, retries: 1000 }, undefined],
    ['by exiting, with a round-robin', { strategy: 'round-robin' }, undefined],
    ['by exiting, with the least loaded', { strategy: 'least-loaded' }, undefined],
    ['by exiting, with a key', {}, { affinity: 'key' }],
    ['by exiting, with a key and retries', { strategy: 'round-robin' }, { affinity: 1, retries: 1000 }],
    ['by exiting, with many places', { concurrentTasksPerWorker: 4 }, undefined]
  ])('%s: its tasks reject, and the starts are few', async (_, options, own) => {
    const { pool, starts } = poolOfDying('process.exit(5)', options)
    const tasks = Array.from({ length: 40 }, (_, n) => rejection(pool.execute('echo', n % 4 ? n : /x/, own)))
    for (const error of await Promise.all(tasks)) {
      expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'echo' })
      expect(error.message).toContain('code 5')
    }
    await until(() => pool.stats().workers.total === 0, 'the end of the workers')
    // One or two for each round of tasks that found no worker.
    expect(starts()).toBeLessThanOrEqual(6)
    const before = starts()
    expect(await rejection(pool.execute('echo', 1, own))).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await until(() => pool.stats().workers.total === 0, 'the end of the next worker')
    expect(starts() - before).toBeLessThanOrEqual(2)
    expect(pool.stats().tasks).toMatchObject({ submitted: 41, completed: 0, retried: 0 })
    await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
    await within(pool.close(), 'close()')
  })

  test('without a task: it is not started over and over', async () => {
    const { pool, starts } = poolOfDying('process.exit(5)', { minWorkers: 2 })
    const errors = []
    pool.on('error', (error) => errors.push(error.code))
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await until(() => errors.length >= 2, 'the errors')
    await until(() => pool.stats().workers.total === 0, 'the end of the workers')
    // Several turns of the event loop, in any of which another would have been started.
    for (let turn = 0; turn < 5; turn++) await delay(5)
    expect(pool.stats().workers.total).toBe(0)
    expect(starts()).toBeLessThanOrEqual(4)
    expect(errors.every((code) => code === 'ERR_WORKER_EXITED')).toBe(true)
  })

  test.each([
    ['that always fails', 'exports.setup = () => { throw new RangeError("no setup") }', 'ERR_SCRIPT_LOAD'],
    ['that exits', 'exports.setup = () => process.exit(5)', 'ERR_WORKER_EXITED']
  ])('a setup %s: tasks reject, with retries as well', async (_, statement, code) => {
    for (const retries of [0, 3]) {
      const { pool, starts } = poolOfDying(statement, { retries })
      const tasks = Array.from({ length: 10 }, (_, n) => rejection(pool.execute('echo', n)))
      for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code, task: 'echo' })
      expect(starts()).toBeLessThanOrEqual(6)
      await within(pool.close(), 'close()')
    }
  })
})

describe('a worker that dies once it is up', () => {
  test('and idle, again and again, is replaced as tasks come', async () => {
    const { pool, starts } = poolOfDying('setImmediate(() => setImmediate(() => process.exit(5)))')
    for (let n = 0; n < 10; n++) {
      await until(() => pool.stats().workers.total === 0, 'the end of the worker')
      // It may be given the task and die before it runs it.
      const result = await within(
        pool.execute('echo', n).catch(({ code }) => code),
        `task ${n}`
      )
      expect([n, 'ERR_WORKER_EXITED']).toContain(result)
    }
    expect(starts()).toBeLessThanOrEqual(12)
  })

  test('in each task: as many workers as tasks', async () => {
    const { pool, starts } = poolOfDying('', { maxWorkers: 2, minWorkers: 2 })
    const exits = []
    pool.on('workerExit', ({ workerId, exitCode }) => exits.push([workerId, exitCode]))
    const tasks = Array.from({ length: 20 }, () => rejection(pool.execute('exit')))
    for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await until(() => exits.length === 20, 'the end of each worker')
    expect(exits.every(([, code]) => code === 7)).toBe(true)
    await until(() => pool.stats().workers.idle === 2, 'the minimum of workers')
    expect(starts()).toBe(22)
    expect(pool.stats().workers.total).toBe(2)
  })
})

describe('beside others', () => {
  test.each([
    ['shared', {}],
    ['round-robin', { strategy: 'round-robin' }],
    ['least-loaded', { strategy: 'least-loaded' }]
  ])('only the tasks of the dying worker fail: %s', async (_, options) => {
    const pool = poolOf({ maxWorkers: 3, ...options })
    const gate = makeGate()
    const staying = [pool.execute('block', gate), pool.execute('block', gate)]
    await entered(gate, 2)
    const dying = [1, 2, 3].map(() => rejection(pool.execute('exit')))
    const others = Array.from({ length: 60 }, (_, n) => pool.execute('echo', n % 2 ? n : { n }))
    for (const error of await Promise.all([dying[0]])) expect(error.code).toBe('ERR_WORKER_EXITED')
    open(gate)
    const results = await within(Promise.all(others), 'the tasks that waited')
    expect(results.map((result) => result.n ?? result)).toEqual(others.map((_, n) => n))
    for (const error of await Promise.all(dying)) expect(error.code).toBe('ERR_WORKER_EXITED')
    await within(Promise.all(staying), 'the tasks beside')
    expect(pool.stats().tasks).toMatchObject({ completed: 62, failed: 3 })
  })

  test('a key finds another worker when its own has died', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const options = { affinity: 'key' }
    const first = await pool.execute('where', 0, options)
    const gate = makeGate()
    const dying = [pool.execute('block', gate, options), rejection(pool.execute('exit', 0, options))]
    const behind = Array.from({ length: 10 }, () => pool.execute('where', 0, options))
    await entered(gate)
    open(gate)
    expect((await Promise.all(dying))[1]).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    const where = await within(Promise.all(behind), 'the tasks behind')
    expect(new Set(where).size).toBe(1)
    expect(where[0]).not.toBe(first)
    await expect(pool.execute('where', 0, options)).resolves.toBe(where[0])
  })

  test('with several tasks at a time, all of the dying worker fail, and none elsewhere', async () => {
    const pool = poolOf({ maxWorkers: 2, concurrentTasksPerWorker: 4 })
    // The first four fill one worker, the next four another. One of each may leave: by exiting, or by returning.
    const wait = ({ gate, leave, exits }, { workerId }) =>
      new Promise((resolve) => {
        Atomics.add(gate, 1, 1)
        const look = () => {
          if (leave === undefined || Atomics.load(leave, 0) === 0) return
          if (exits) process.exit(7)
          resolve(workerId)
        }
        setInterval(look, 1)
      })
    const leave = [1, 2].map(() => makeView(1))
    const gates = [makeGate(), makeGate()]
    const dying = [1, 2, 3, 4].map((n) => {
      const input = { gate: gates[0], leave: n === 3 ? leave[0] : undefined, exits: true }
      return rejection(pool.execute(wait, input, { affinity: 'dies' }))
    })
    await entered(gates[0], 4)
    const staying = [1, 2, 3, 4].map(() =>
      pool.execute(wait, { gate: gates[1], leave: leave[1] }, { affinity: 'stays' })
    )
    await entered(gates[1], 4)
    expect(pool.stats()).toMatchObject({ workers: { total: 2, busy: 2 } })
    const behind = [1, 2, 3].map((n) => pool.execute('echo', n, { affinity: 'dies' }))
    Atomics.store(leave[0], 0, 1)
    for (const error of await Promise.all(dying)) {
      expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'wait' })
      expect(error.message).toContain('code 7')
    }
    await expect(within(Promise.all(behind), 'the tasks behind')).resolves.toEqual([1, 2, 3])
    Atomics.store(leave[1], 0, 1)
    await expect(within(Promise.all(staying), 'the tasks beside')).resolves.toEqual([2, 2, 2, 2])
    expect(pool.stats().tasks).toMatchObject({ submitted: 11, completed: 7, failed: 4 })
  })
})

describe('a worker that dies idle', () => {
  const fate = () => {
    setTimeout(() => {
      throw new RangeError('between tasks')
    }, 1)
  }

  test("is told of by the event 'workerExit', and is no 'error' of the pool", async () => {
    const pool = poolOf()
    const errors = []
    pool.on('error', (error) => errors.push(error))
    const exit = next(pool, 'workerExit')
    await pool.execute(fate)
    expect(await exit).toMatchObject({
      workerId: 1,
      exitCode: 1,
      error: { name: 'RangeError', message: 'between tasks' }
    })
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
    expect(errors).toEqual([])
  })

  test('does not reject the promise of another event', async () => {
    const pool = poolOf({ maxQueue: 2 })
    const exit = next(pool, 'workerExit')
    const drained = once(pool, 'drain')
    await pool.execute(fate)
    await exit
    const gate = makeGate()
    const running = pool.execute('block', gate)
    await entered(gate)
    const queued = [pool.execute('echo', 1), pool.execute('echo', 2)]
    expect(pool.needsDrain).toBe(true)
    open(gate)
    await Promise.all([running, ...queued])
    await expect(within(drained, "the event 'drain'")).resolves.toEqual([])
  })

  test("one with a task is told of by the task's rejection alone", async () => {
    const pool = poolOf()
    const errors = []
    pool.on('error', (error) => errors.push(error))
    const exit = within(once(pool, 'workerExit'), "the event 'workerExit'")
    expect(await rejection(pool.execute('exit'))).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    expect(await exit).toEqual([expect.objectContaining({ workerId: 1, exitCode: 7 })])
    expect(errors).toEqual([])
  })

  test('harms nobody if nobody listens, and nothing is printed', async () => {
    const code = `
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool({ maxWorkers: 1 })
      const wait = () => new Promise((resolve) => pool.once('workerExit', resolve))
      const main = async () => {
        for (const fate of [${fate}, () => { setTimeout(() => process.exit(3), 1) }]) {
          const exited = wait()
          await pool.execute(fate)
          await exited
          if (await pool.execute(() => 'next') !== 'next') throw new Error('no next task')
        }
        await pool.close()
      }
      const keep = setTimeout(() => {}, 9000)
      main().then(() => { clearTimeout(keep); process.stdout.write('closed') })`
    const { code: exitCode, stdout, stderr, timedOut } = await runNode(['-e', code])
    expect({ exitCode, stdout, stderr, timedOut }).toEqual({
      exitCode: 0,
      stdout: 'closed',
      stderr: '',
      timedOut: false
    })
  })
})

describe('a worker that cannot start', () => {
  test('because of execArgv: tasks and ready() reject, the pool is ready for native tasks and close()', async () => {
    const pool = poolOf({ minWorkers: 1, execArgv: ['--no-such-option'], retries: 5 })
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    for (let n = 0; n < 5; n++)
      expect(await rejection(pool.execute('echo', n))).toMatchObject({
        code: 'ERR_WORKER_EXITED',
        task: 'echo'
      })
    await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, tasks: { submitted: 6, retried: 0 } })
    await within(pool.close(), 'close()')
  })

  test('because of workerData that can no longer be cloned', async () => {
    const workerData = { inner: undefined }
    const pool = poolOf({ workerData })
    workerData.inner = () => {}
    const error = await rejection(pool.execute('echo', 1))
    expect(error).toMatchObject({
      code: 'ERR_WORKER_EXITED',
      task: 'echo',
      cause: { name: 'DataCloneError' }
    })
    await within(pool.close(), 'close()')
  })
})
