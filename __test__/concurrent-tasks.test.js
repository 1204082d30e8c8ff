'use strict'

const { MessageChannel } = require('node:worker_threads')
const { next } = require('./support/events.js')
const { entered, makeGate, most, open } = require('./support/gates.js')
const { makeLog, makeView, readLog } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { STEERED } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(STEERED, { maxWorkers: 1 })

describe('concurrentTasksPerWorker', () => {
  test.each([
    ['1, the default', {}, 1],
    ['1', { concurrentTasksPerWorker: 1 }, 1],
    ['2', { concurrentTasksPerWorker: 2 }, 2],
    ['5', { concurrentTasksPerWorker: 5 }, 5],
    ['3 on two workers', { concurrentTasksPerWorker: 3, size: 2, maxWorkers: undefined }, 6],
    ['3, round-robin', { concurrentTasksPerWorker: 3, strategy: 'round-robin' }, 3],
    ['3, least-loaded', { concurrentTasksPerWorker: 3, strategy: 'least-loaded' }, 3]
  ])('of %s: so many tasks await at a time, and never more', async (_, options, limit) => {
    const pool = poolOf(options)
    const gate = makeGate()
    const tasks = range(3 * limit).map((value) => pool.execute('wait', { gate, value }))
    await entered(gate, limit)
    await until(() => pool.stats().queue.length === 2 * limit, 'the others wait')
    open(gate)
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(range(3 * limit))
    expect(most(gate)).toBe(limit)
  })

  test('holds for one key on one worker, and lets others go elsewhere', async () => {
    const pool = poolOf({ size: 2, maxWorkers: undefined, concurrentTasksPerWorker: 2 })
    await within(pool.ready(), 'ready()')
    const [gate, otherGate] = [makeGate(), makeGate()]
    const tasks = range(6).map((value) => pool.execute('wait', { gate, value }, { affinity: 'k' }))
    await entered(gate, 2)
    const others = range(2).map((value) => pool.execute('wait', { gate: otherGate, value }))
    await entered(otherGate, 2)
    expect(pool.stats()).toMatchObject({ queue: { length: 4 }, workers: { total: 2, busy: 2 } })
    open(gate)
    open(otherGate)
    await within(Promise.all([...tasks, ...others]), 'the tasks')
    expect(most(gate)).toBe(2)
  })

  test('synchronous tasks run one after the other', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 10 })
    const gate = makeGate()
    const log = makeLog()
    const held = pool.execute('block', gate)
    await entered(gate)
    const tasks = range(10).map((number) => pool.execute('note', { log, number }))
    expect(pool.stats().queue.length).toBe(10)
    open(gate)
    await within(Promise.all([held, ...tasks]), 'the tasks')
    expect(readLog(log)).toEqual(range(10))
  })

  test('synchronous tasks run while others await', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 2 })
    const gate = makeGate()
    const awaiting = pool.execute('wait', { gate, value: 'awaited' })
    await entered(gate)
    for (let n = 0; n < 20; n++) await expect(within(pool.execute('echo', n), `task ${n}`)).resolves.toBe(n)
    open(gate)
    await expect(within(awaiting, 'the awaiting task')).resolves.toBe('awaited')
  })

  test('a thousand tasks await one another on one worker, and each gets its own result', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 1000 })
    const view = makeView(1)
    const tasks = range(1000).map((value) => pool.execute('gather', { view, count: 1000, value }))
    const results = await within(Promise.all(tasks), 'the tasks')
    expect(results).toEqual(range(1000).map((value) => ({ workerId: 1, value })))
  })

  test('inputs and results that only a message carries stay with their tasks', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 8 })
    const echoLate = async (value) => {
      await new Promise((resolve) => setTimeout(resolve, value.size % 5))
      return value
    }
    const inputs = range(60).map((n) => new Map(range(n).map((key) => [key, new Date(n)])))
    const tasks = inputs.map((input) => pool.execute(echoLate, input))
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(inputs)
  })

  test('results come as their tasks end, not as they began', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 3 })
    const gates = range(3).map(makeGate)
    const order = []
    const tasks = gates.map((gate, value) =>
      pool.execute('wait', { gate, value }).then((result) => order.push(result))
    )
    for (const gate of gates) await entered(gate)
    for (const n of [2, 0, 1]) {
      open(gates[n])
      await within(tasks[n], `task ${n}`)
    }
    expect(order).toEqual([2, 0, 1])
  })

  test('the error of one does not touch the others', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 6 })
    const gates = range(6).map(makeGate)
    const tasks = gates.map((gate, value) =>
      pool.execute('wait', value % 2 ? { gate, value } : { gate, error: `number ${value}` })
    )
    const outcomes = Promise.allSettled(tasks)
    for (const gate of gates) await entered(gate)
    for (const gate of gates.reverse()) open(gate)
    expect((await within(outcomes, 'the tasks')).map(({ value, reason }) => value ?? reason.message)).toEqual(
      ['number 0', 1, 'number 2', 3, 'number 4', 5]
    )
  })

  test.each([
    ['throws at once', 'fail', ['no'], { message: 'no' }],
    ['does not exist', 'noSuchTask', [], { code: 'ERR_TASK_NOT_FOUND' }],
    ['has a result that cannot be sent', () => () => {}, [], { code: 'ERR_NOT_SERIALIZABLE' }],
    ['is stopped while it awaits', 'never', [undefined, { timeout: 10 }], { code: 'ERR_TASK_TIMEOUT' }]
  ])('a task that %s leaves those that await alone', async (_, task, given, error) => {
    const pool = poolOf({ concurrentTasksPerWorker: 3 })
    const gate = makeGate()
    const awaiting = [1, 2].map((value) => pool.execute('wait', { gate, value }))
    await entered(gate, 2)
    expect(await rejection(pool.execute(task, ...given))).toMatchObject(error)
    expect(Atomics.load(gate, 1)).toBe(2)
    open(gate)
    await expect(within(Promise.all(awaiting), 'the awaiting tasks')).resolves.toEqual([1, 2])
  })

  test('the death of a worker is the end of all that it has, and of no other', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 3 })
    const gate = makeGate()
    const awaiting = [1, 2].map((value) => rejection(pool.execute('wait', { gate, value })))
    await entered(gate, 2)
    const dying = rejection(pool.execute('exitLater', 4))
    const waiting = pool.execute('echo', 'next')
    for (const error of await within(Promise.all([...awaiting, dying]), 'the rejections'))
      expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await expect(within(waiting, 'the task behind')).resolves.toBe('next')
  })

  test('a task may await another of its own pool: submitted through a port, one worker', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 2 })
    const { port1, port2 } = new MessageChannel()
    port1.on('message', async (input) => port1.postMessage(await pool.execute('echo', input)))
    const outer = async ({ port, count }) => {
      const answers = []
      for (let n = 0; n < count; n++) {
        port.postMessage(n)
        answers.push(await new Promise((resolve) => port.once('message', resolve)))
      }
      port.close()
      return answers
    }
    const input = { port: port2, count: 10 }
    await expect(
      within(pool.execute(outer, input, { transfer: [port2] }), 'the outer task')
    ).resolves.toEqual(range(10))
    port1.close()
  })

  test('nobody is refused who was not told that the queue is full', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 8, maxQueue: 2 })
    const gate = makeGate()
    const tasks = [pool.execute('block', gate), ...range(8).map((n) => pool.execute('echo', n))]
    expect(pool.needsDrain).toBe(false) // the worker on its way has places for all but one
    await entered(gate)
    expect(pool.needsDrain).toBe(false) // now it can take none
    tasks.push(pool.execute('echo', 8))
    expect(pool.needsDrain).toBe(true)
    expect(await rejection(pool.execute('echo', 9))).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
  })

  test('a producer that waits for drain is never refused', async () => {
    const pool = poolOf({ maxWorkers: 2, concurrentTasksPerWorker: 8, maxQueue: 100 })
    const tasks = []
    for (let n = 0; n < 5000; n++) {
      tasks.push(pool.execute(async (value) => value, n))
      if (pool.needsDrain) await next(pool, 'drain')
    }
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(range(5000))
  })

  test('close() waits for all that await', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 4 })
    const gate = makeGate()
    const tasks = range(10).map((value) => pool.execute('wait', { gate, value }))
    await entered(gate, 4)
    const closed = pool.close()
    open(gate)
    await within(closed, 'close()')
    await expect(Promise.all(tasks)).resolves.toEqual(range(10))
    expect(most(gate)).toBe(4)
  })
})
