const { once } = require('node:events')
const { PoolError } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeLog, readLog } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf } = require('./support/pools.js')
const { FACE, runNode } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1, nativeThreads: 1 })

/** A pool whose one worker stands at a gate. */
async function heldPool(options) {
  const pool = poolOf(options)
  const gate = makeGate()
  const blocking = pool.execute('block', gate)
  await entered(gate)
  blocking.catch(() => {}) // of a test that is over before it
  return { pool, blocking, open: () => open(gate) }
}

/** The names of the events that say how full the queue is, in the order in which they come. */
function listen(pool) {
  const heard = []
  for (const event of ['needsDrain', 'drain']) pool.on(event, (...given) => heard.push([event, ...given]))
  return heard
}

/** Listeners are told in a turn of their own. */
const told = () => turn().then(() => turn())

/** Nothing is left, and everything was counted once. */
async function expectOrder(pool) {
  const { tasks, queue } = pool.stats()
  expect(tasks.submitted).toBe(tasks.completed + tasks.failed + tasks.cancelled + tasks.timedOut)
  expect(queue).toMatchObject({ length: 0, held: 0 })
  await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  expect(pool.needsDrain).toBe(false)
}

describe('a full queue rejects', () => {
  test.each([
    [
      0,
      "nobody is free to run it and with 'maxQueue' 0 none may wait; submit it once another has ended, raise"
    ],
    [1, "1 task waits already; wait for 'drain', raise"],
    [3, "3 tasks wait already; wait for 'drain', raise"],
    [100, "100 tasks wait already; wait for 'drain', raise"]
  ])('what comes when %i tasks wait, with a remedy that helps', async (maxQueue, words) => {
    const { pool, blocking, open } = await heldPool({ maxQueue })
    const waiting = Array.from({ length: maxQueue }, (_, n) => pool.execute('echo', n))
    const error = await rejection(pool.execute('echo', 'one more'))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_QUEUE_FULL', task: 'echo' })
    expect(error.message).toContain(words)
    expect(await rejection(pool.run('one more'))).toMatchObject({ code: 'ERR_QUEUE_FULL', task: 'default' })
    expect(await rejection(pool.priority('urgent', 'echo', 1))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    expect(pool.stats()).toMatchObject({
      queue: { length: maxQueue, held: 0 },
      tasks: { submitted: maxQueue + 1, failed: 0 }
    })
    open()
    await expect(within(Promise.all(waiting), 'what waits')).resolves.toEqual(waiting.map((_, n) => n))
    await blocking
    await expectOrder(pool)
  })

  test("'auto' is the square of all executors", async () => {
    const { pool, open } = await heldPool({ maxQueue: 'auto', nativeThreads: 2 })
    const waiting = Array.from({ length: 9 }, (_, n) => pool.execute('echo', n))
    expect(await rejection(pool.execute('echo', 'one more'))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    open()
    await expect(within(Promise.all(waiting), 'what waits')).resolves.toHaveLength(9)
  })

  test.each([
    ['three workers', { maxWorkers: 3, nativeThreads: 1 }, 3],
    ['places', { maxWorkers: 1, concurrentTasksPerWorker: 4 }, 4],
    ['workers in turn', { maxWorkers: 3, strategy: 'round-robin' }, 3],
    ['the least loaded of workers', { maxWorkers: 2, strategy: 'least-loaded' }, 2]
  ])('not what has an executor, though none is up yet: %s', async (_, options, places) => {
    const pool = poolOf({ ...options, maxQueue: 0 })
    const [gate, results] = [makeGate(), []]
    // They await, so that one worker may have them all; all in one turn of the event loop.
    for (let n = 0; n < places; n++) results.push(pool.execute('never', gate))
    const native = pool.execute('native:noop')
    const settled = Promise.allSettled(results)
    expect(await rejection(pool.execute('echo', 1))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    await entered(gate, places)
    await expect(within(native, 'the native task')).resolves.toBeUndefined()
    expect(await rejection(pool.execute('echo', 1))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    await within(pool.terminate(), 'terminate()')
    expect((await settled).map(({ reason }) => reason.code)).toEqual(
      Array(places).fill('ERR_POOL_TERMINATED')
    )
  })

  test('native tasks count for themselves, and wait in the same queue', async () => {
    const pool = poolOf({ maxQueue: 2 })
    const pipe = makePipe()
    const held = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const waiting = [pool.execute('native:noop', { data: 'a' }), pool.execute('native:noop', { data: 'b' })]
    expect(await rejection(pool.execute('native:noop'))).toMatchObject({
      code: 'ERR_QUEUE_FULL',
      task: 'native:noop'
    })
    // A worker is free, so that this one does not wait.
    await expect(within(pool.execute('echo', 1), 'a task of a free worker')).resolves.toBe(1)
    pipe.release('abc')
    await expect(within(Promise.all(waiting), 'what waits')).resolves.toEqual(['a', 'b'])
    await held
    await expectOrder(pool)
  })

  test('before anything is taken from the caller', async () => {
    const { pool, open } = await heldPool({ maxQueue: 0 })
    const buffer = new ArrayBuffer(64)
    for (const input of [buffer, { buffer, also: /x/ }]) {
      const error = await rejection(pool.execute('echo', input, { transfer: [buffer] }))
      expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', task: 'echo' })
    }
    const pipe = makePipe()
    const held = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const error = await rejection(
      pool.execute('native:hash', { data: new Uint8Array(buffer) }, { transfer: [buffer] })
    )
    expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', task: 'native:hash' })
    expect(buffer.byteLength).toBe(64)
    open()
    pipe.release()
    await held
  })

  test('while a signal is watched: it is let go of', async () => {
    const { pool, open } = await heldPool({ maxQueue: 0 })
    const controller = new AbortController()
    const removed = jest.spyOn(controller.signal, 'removeEventListener')
    const error = await rejection(pool.execute('echo', 1, { signal: controller.signal }))
    expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    expect(removed).toHaveBeenCalled()
    controller.abort()
    open()
  })

  test('a retry is never refused: it was accepted once', async () => {
    const pool = poolOf({ maxQueue: 1 })
    const gate = makeGate()
    const fails = ({ gate }, { attempt }) => {
      if (attempt > 1) return attempt
      Atomics.add(gate, 1, 1)
      while (Atomics.load(gate, 0) === 0) Atomics.wait(gate, 0, 0)
      throw new Error('not yet')
    }
    const task = pool.execute(fails, { gate }, { retries: 1 })
    await entered(gate)
    const waiting = pool.execute('echo', 'waits')
    expect(await rejection(pool.execute('echo', 1))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    open(gate)
    await expect(within(task, 'the retry')).resolves.toBe(2)
    await expect(waiting).resolves.toBe('waits')
    await expectOrder(pool)
  })
})

describe("a full queue with whenFull: 'wait'", () => {
  test.each([0, 1, 10])('holds what is beyond %i tasks', async (maxQueue) => {
    const { pool, blocking, open } = await heldPool({ maxQueue, whenFull: 'wait' })
    const tasks = Array.from({ length: 200 }, (_, n) => pool.execute('echo', n % 3 ? n : new Date(n)))
    expect(pool.stats().queue).toMatchObject({ length: maxQueue, held: 200 - maxQueue })
    const lengths = []
    for (const task of tasks) task.then(() => lengths.push(pool.stats().queue.length))
    open()
    const results = await within(Promise.all(tasks), 'every task')
    expect(results.map(Number)).toEqual(tasks.map((_, n) => n))
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxQueue)
    await blocking
    await expectOrder(pool)
  })

  test('native tasks, too', async () => {
    const pool = poolOf({ maxQueue: 5, whenFull: 'wait' })
    const pipe = makePipe()
    const held = pool.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const buffer = new ArrayBuffer(8)
    const tasks = Array.from({ length: 50 }, (_, n) => pool.execute('native:noop', { data: `${n}` }))
    tasks.push(pool.execute('native:noop', { data: new Uint8Array(buffer) }, { transfer: [buffer] }))
    expect(buffer.byteLength).toBe(0)
    expect(pool.stats().queue).toMatchObject({ length: 5, held: 46 })
    pipe.release()
    await expect(within(Promise.all(tasks), 'every task')).resolves.toHaveLength(51)
    await held
    await expectOrder(pool)
  })

  test('priorities still rule, also over what was held', async () => {
    const { pool, open } = await heldPool({ maxQueue: 2, whenFull: 'wait' })
    const log = makeLog()
    const priorities = [0, 5, -5, 10, 0, 10, 5]
    const tasks = priorities.map((priority, number) => pool.execute('note', { log, number }, { priority }))
    open()
    await within(Promise.all(tasks), 'every task')
    expect(readLog(log)).toEqual([3, 5, 1, 6, 0, 4, 2])
  })

  test.each(['signal', 'queueTimeout'])('a held task can be taken back by its %s', async (way) => {
    const { pool, blocking, open } = await heldPool({ maxQueue: 1, whenFull: 'wait' })
    const controller = new AbortController()
    const first = pool.execute('echo', 'first')
    const options = way === 'signal' ? { signal: controller.signal } : { queueTimeout: 20 }
    const held = rejection(pool.execute('echo', 'held', options))
    const last = pool.execute('echo', 'last')
    expect(pool.stats().queue).toMatchObject({ length: 1, held: 2 })
    if (way === 'signal') controller.abort('enough')
    const error = await held
    if (way === 'signal') expect(error).toBe('enough')
    else expect(error).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
    expect(pool.stats().queue).toMatchObject({ length: 1, held: 1 })
    open()
    await expect(within(Promise.all([first, last]), 'the others')).resolves.toEqual(['first', 'last'])
    await blocking
    await expectOrder(pool)
  })

  test('close() runs what is held', async () => {
    const { pool, open } = await heldPool({ maxQueue: 1, whenFull: 'wait' })
    const tasks = Array.from({ length: 20 }, (_, n) => pool.execute('echo', n))
    const closed = pool.close()
    open()
    await expect(within(Promise.all(tasks), 'every task')).resolves.toEqual(tasks.map((_, n) => n))
    await within(closed, 'close()')
  })

  test.each([
    ['close({ cancelQueued: true })', (pool) => pool.close({ cancelQueued: true }), 'ERR_POOL_CLOSED'],
    ['terminate()', (pool) => pool.terminate(), 'ERR_POOL_TERMINATED']
  ])('%s rejects what is held', async (_, end, code) => {
    const { pool, blocking, open } = await heldPool({ maxQueue: 1, whenFull: 'wait' })
    const settled = Promise.allSettled([blocking])
    const tasks = Array.from({ length: 20 }, (_, n) => rejection(pool.execute('echo', n)))
    const ended = end(pool)
    for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code, task: 'echo' })
    open()
    await within(ended, 'the end')
    await settled
    expect(pool.stats()).toMatchObject({ queue: { length: 0, held: 0 } })
  })
})

describe('the events needsDrain and drain', () => {
  test.each(['reject', 'wait'])('once each for every time that the queue is full: %s', async (whenFull) => {
    const pool = poolOf({ maxQueue: 8, whenFull })
    const heard = listen(pool)
    for (let round = 1; round <= 3; round++) {
      const gate = makeGate()
      const tasks = [pool.execute('block', gate)]
      await entered(gate)
      for (let n = 0; n < 7; n++) tasks.push(pool.execute('echo', n))
      expect(pool.needsDrain).toBe(false)
      tasks.push(pool.execute('echo', 7))
      expect(pool.needsDrain).toBe(true)
      for (let n = 0; n < 5; n++) tasks.push(pool.execute('echo', n).catch(({ code }) => code))
      await told()
      expect(heard).toHaveLength(2 * round - 1)
      open(gate)
      await within(Promise.all(tasks), 'every task')
      await until(() => heard.length === 2 * round, "the event 'drain'")
      expect(pool.needsDrain).toBe(false)
    }
    await within(pool.close(), 'close()')
    expect(heard).toEqual(
      Array(3)
        .fill([['needsDrain'], ['drain']])
        .flat()
    )
  })

  test('drain comes when half of the queue is free again, however that came', async () => {
    const { pool, open } = await heldPool({ maxQueue: 4, whenFull: 'reject' })
    const heard = listen(pool)
    const controllers = Array.from({ length: 4 }, () => new AbortController())
    const tasks = controllers.map(({ signal }) =>
      pool.execute('echo', 1, { signal }).catch((reason) => reason)
    )
    controllers[0].abort('enough')
    await tasks[0]
    await told()
    expect([pool.needsDrain, heard]).toEqual([true, [['needsDrain']]])
    controllers[1].abort('enough')
    await tasks[1]
    await until(() => heard.length === 2, "the event 'drain'")
    expect([pool.needsDrain, heard]).toEqual([false, [['needsDrain'], ['drain']]])
    open()
    await Promise.all(tasks)
  })

  test('with maxQueue 0, whenever all have something to do', async () => {
    const pool = poolOf({ maxQueue: 0 })
    for (let n = 0; n < 200; n++) {
      if (pool.needsDrain) await within(once(pool, 'drain'), "the event 'drain'")
      await expect(within(pool.execute('echo', n), `task ${n}`)).resolves.toBe(n)
    }
    expect(pool.stats().tasks).toMatchObject({ submitted: 200, completed: 200 })
  })

  test('a queue without limit is never full', async () => {
    const { pool, open } = await heldPool({})
    const heard = listen(pool)
    const tasks = Array.from({ length: 5000 }, (_, n) => pool.execute('echo', n))
    expect(pool.needsDrain).toBe(false)
    open()
    await within(Promise.all(tasks), 'every task')
    await told()
    expect(heard).toEqual([])
  })
})

describe('whoever waits for room', () => {
  const head = `
    const { once } = require('node:events')
    const { WorkerPool } = require(${FACE})
    const TASKS = ${JSON.stringify(TASKS)}
    const heap = async () => {
      for (let turn = 0; turn < 4; turn++) { await new Promise(setImmediate); gc() }
      return process.memoryUsage().heapUsed
    }
    const report = (before, after, pool) => {
      const { submitted, completed } = pool.stats().tasks
      process.stdout.write(JSON.stringify({ growth: (after - before) / 2 ** 20, submitted, completed }))
    }`

  test.each([
    [
      "one that heeds needsDrain and the event 'drain'",
      `
      const pool = new WorkerPool(TASKS, { maxWorkers: 1, maxQueue: 64 })
      const submit = async (count) => {
        for (let n = 0; n < count; n++) {
          if (pool.needsDrain) await once(pool, 'drain')
          pool.execute('echo', { n, text: 'abc' }).catch((error) => { console.error(error); process.exit(2) })
        }
      }
      const idle = async () => { while (pool.stats().tasks.completed < pool.stats().tasks.submitted) await new Promise(setImmediate) }`
    ],
    [
      "a hundred that await their results, with whenFull: 'wait'",
      `
      const pool = new WorkerPool(TASKS, { maxWorkers: 1, maxQueue: 8, whenFull: 'wait' })
      const submit = (count) => Promise.all(Array.from({ length: 100 }, async () => {
        for (let n = 0; n < count / 100; n++) await pool.execute('echo', { n, text: 'abc' })
      }))
      const idle = async () => {}`
    ]
  ])('%s: memory stays flat', async (_, producer) => {
    const code = `${head}${producer}
      const main = async () => {
        await submit(20_000)
        await idle()
        const before = await heap()
        await submit(80_000)
        await idle()
        report(before, await heap(), pool)
      }
      main()`
    const { stdout, stderr, timedOut } = await runNode(['--expose-gc', '-e', code], { patience: 14_000 })
    expect({ stderr, timedOut }).toEqual({ stderr: '', timedOut: false })
    const { growth, submitted, completed } = JSON.parse(stdout)
    expect({ submitted, completed }).toEqual({ submitted: 100_000, completed: 100_000 })
    expect(growth).toBeLessThan(3)
  })
})
