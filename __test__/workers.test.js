'use strict'

const fs = require('node:fs')
const { WorkerPool, PoolError } = require('..')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')
const { runScene } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { delay, turn, until, within } = require('./support/waiting.js')

describe('workers start on demand', () => {
  test('none is there at first', async () => {
    const pool = track(new WorkerPool(TASKS))
    await turn()
    expect(pool.stats()).toMatchObject({
      workers: { total: 0, busy: 0, idle: 0 },
      nativeThreads: { total: 0, busy: 0, idle: 0 },
      perWorker: []
    })
  })

  test('one comes with the first task and serves those that follow one by one', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 4 }))
    for (let n = 0; n < 20; n++) await pool.execute('echo', n)
    expect(pool.stats().workers.total).toBe(1)
  })

  test('one serves tasks of some milliseconds that follow one by one', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 4 }))
    for (let n = 0; n < 20; n++) await pool.execute('work', 3)
    expect(pool.stats().workers.total).toBe(1)
  })

  test('native threads likewise, and neither brings the other', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 4, nativeThreads: 4 }))
    for (let n = 0; n < 20; n++) await pool.execute('native:noop')
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, nativeThreads: { total: 1 } })
  })

  test('never more than maxWorkers', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2 }))
    const gate = makeGate()
    const tasks = Array.from({ length: 20 }, () => pool.execute('block', gate))
    await entered(gate, 2)
    expect(pool.stats()).toMatchObject({ workers: { total: 2, busy: 2, idle: 0 }, queue: { length: 18 } })
    open(gate)
    await within(Promise.all(tasks), 'the tasks')
    expect(pool.stats()).toMatchObject({ workers: { total: 2, busy: 0, idle: 2 }, queue: { length: 0 } })
  })

  test('never more than nativeThreads', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 2 }))
    const pipes = [makePipe(), makePipe(), makePipe()]
    const tasks = pipes.map(({ file }) => pool.execute('native:hash', { data: { path: file } }))
    await pipes[0].reached()
    await pipes[1].reached()
    expect(pool.stats()).toMatchObject({
      nativeThreads: { total: 2, busy: 2, idle: 0 },
      queue: { length: 1 }
    })
    pipes[0].release()
    await pipes[2].reached()
    pipes[1].release()
    pipes[2].release()
    await within(Promise.all(tasks), 'the tasks')
    expect(pool.stats().nativeThreads).toEqual({ total: 2, busy: 0, idle: 2 })
  })
})

describe('ready()', () => {
  test('resolves when minWorkers are up', async () => {
    const pool = track(new WorkerPool(TASKS, { minWorkers: 3, maxWorkers: 5 }))
    await within(pool.ready(), 'ready()')
    expect(pool.stats().workers).toEqual({ total: 3, busy: 0, idle: 3 })
  })

  test('resolves at once without minWorkers, and starts none', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2 }))
    await within(pool.ready(), 'ready()')
    expect(pool.stats().workers.total).toBe(0)
  })

  test('resolves as often as it is asked', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    await within(Promise.all([pool.ready(), pool.ready()]), 'ready() twice')
    await within(pool.ready(), 'ready() again')
    expect(pool.stats().workers.total).toBe(2)
  })

  test('resolves when the workers have been up for long', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    await until(() => pool.stats().workers.idle === 2, 'two idle workers')
    await within(pool.ready(), 'ready()')
  })

  test('has loaded the script in every worker', async () => {
    const loads = makeView(1)
    const script = write(
      'tasks.mjs',
      `import { workerData } from 'node:worker_threads'
       await new Promise((resolve) => setTimeout(resolve, 20))
       Atomics.add(workerData, 0, 1)
       export const f = () => 1`
    )
    const pool = track(new WorkerPool(script, { size: 3, workerData: loads }))
    await within(pool.ready(), 'ready()')
    expect(loads[0]).toBe(3)
    await pool.execute('f')
    expect(loads[0]).toBe(3)
  })

  test('workers of the minimum start without being asked for', async () => {
    const pool = track(new WorkerPool(TASKS, { minWorkers: 2, maxWorkers: 4 }))
    await until(() => pool.stats().workers.idle === 2, 'two idle workers')
    expect(pool.stats().workers.total).toBe(2)
  })

  test('tasks need not wait for it', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    await expect(within(pool.execute('echo', 1), 'the task')).resolves.toBe(1)
    await within(pool.ready(), 'ready()')
  })

  test('rejects with the reason when the script does not load', async () => {
    const pool = track(new WorkerPool(write('tasks.cjs', "throw new RangeError('at load')"), 2))
    const error = await rejection(pool.ready())
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({
      code: 'ERR_SCRIPT_LOAD',
      cause: { name: 'RangeError', message: 'at load' }
    })
    await expect(pool.execute((n) => n, 1)).resolves.toBe(1)
  })

  test.each([
    ['exits', 'process.exit(5)', /code 5/],
    ['dies of an uncaught error', "setImmediate(() => { throw new RangeError('late') })", /late/]
  ])('rejects with the reason when the script %s while it loads', async (_, content, words) => {
    const script = write('tasks.mjs', `${content}; await new Promise(() => {})`)
    const pool = track(new WorkerPool(script, 2))
    const error = await rejection(pool.ready())
    expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_WORKER_EXITED' })
    expect(error.message).toMatch(words)
  })

  test('rejects with the reason when no worker can be started', async () => {
    const pool = track(new WorkerPool(TASKS, { size: 2, execArgv: ['--no-such-option'] }))
    const error = await rejection(pool.ready())
    expect(error).toMatchObject({
      code: 'ERR_WORKER_EXITED',
      cause: { code: 'ERR_WORKER_INVALID_EXEC_ARGV' }
    })
  })

  test('rejects when the pool is terminated meanwhile', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    const ready = rejection(pool.ready())
    await within(pool.terminate(), 'terminate()')
    expect(await ready).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('settles, and lets the process end, when the pool is closed meanwhile', async () => {
    const { code, timedOut, stdout } = await runScene('ready and close at once')
    expect({ code, timedOut }).toEqual({ code: 0, timedOut: false })
    expect(['closed\nresolved\n', 'closed\nERR_POOL_CLOSED\n']).toContain(stdout)
  })

  test.each([
    ['close', 'ERR_POOL_CLOSED'],
    ['terminate', 'ERR_POOL_TERMINATED']
  ])('rejects after %s()', async (way, code) => {
    const { timedOut, stdout } = await runScene('ready after the end', way)
    expect({ timedOut, stdout }).toEqual({ timedOut: false, stdout: `ended\n${code}\n` })
  })
})

describe('idleTimeout', () => {
  /** A pool of three workers, all of which have worked. */
  async function threeWorkers(options) {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 3, ...options }))
    const gate = makeGate()
    const tasks = [0, 1, 2].map(() => pool.execute('block', gate))
    await entered(gate, 3)
    expect(pool.stats().workers.total).toBe(3)
    open(gate)
    await Promise.all(tasks)
    return pool
  }

  test('retires workers that have nothing to do', async () => {
    const pool = await threeWorkers({ idleTimeout: 20 })
    await until(() => pool.stats().workers.total === 0, 'the retirement of all workers')
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
    await within(pool.close(), 'close()')
  })

  test('keeps minWorkers', async () => {
    const pool = await threeWorkers({ minWorkers: 2, idleTimeout: 20 })
    await until(() => pool.stats().workers.total === 2, 'the retirement of the third worker')
    await pool.execute((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)), 100)
    expect(pool.stats().workers.total).toBe(2)
  })

  test('does not touch a worker that works', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2, idleTimeout: 10 }))
    const gate = makeGate()
    const held = pool.execute('blockThenReturn', { gate, value: 'whole' })
    await entered(gate)
    await pool.execute('echo', 1)
    await until(() => pool.stats().workers.total === 1, 'the retirement of the other worker')
    open(gate)
    await expect(held).resolves.toBe('whole')
  })

  test('does not touch a worker that awaits its task', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1, idleTimeout: 5 }))
    const task = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds, 'whole'))
    await expect(within(pool.execute(task, 100), 'the task')).resolves.toBe('whole')
  })

  test.each([0, 1])('of %i loses no task', async (idleTimeout) => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 2, idleTimeout }))
    for (let n = 0; n < 40; n++) {
      await expect(within(pool.execute('echo', n), `task ${n}`)).resolves.toBe(n)
      await expect(within(pool.execute('echo', /x/), `task ${n} by message`)).resolves.toEqual(/x/)
      await delay(n % 4)
    }
    await within(pool.close(), 'close()')
  })
})

describe('names and numbers', () => {
  const onLinux = process.platform === 'linux' ? test : test.skip

  onLinux('native threads bear the name of the pool', async () => {
    const pool = track(new WorkerPool({ name: 'miller', nativeThreads: 2 }))
    await Promise.all([pool.execute('native:noop'), pool.execute('native:noop')])
    const names = fs
      .readdirSync('/proc/self/task')
      .map((thread) => fs.readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim())
    expect(names.filter((name) => /^miller-[12]$/.test(name))).not.toEqual([])
  })

  test('each worker has a number of its own, and is a thread of its own', async () => {
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 3 }))
    const gate = makeGate()
    const held = [0, 1, 2].map(() => pool.execute('block', gate))
    await entered(gate, 3)
    open(gate)
    await Promise.all(held)
    expect(new Set(pool.stats().perWorker.map(({ id }) => id)).size).toBe(3)
    const threads = new Map()
    for (let n = 0; n < 50; n++) {
      const { workerId, threadId } = await pool.execute('thread')
      expect(threads.get(workerId) ?? threadId).toBe(threadId)
      threads.set(workerId, threadId)
      expect(pool.stats().perWorker.map(({ id }) => id)).toContain(workerId)
    }
  })
})

describe('ready() after a task that came first', () => {
  test('has loaded the script all the same', async () => {
    const script = write(
      'late.mjs',
      `await new Promise((resolve) => setTimeout(resolve, 50))\nthrow new Error('no')`
    )
    const pool = track(new WorkerPool(script, 1))
    const task = rejection(pool.execute('anything'))
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    expect(await task).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
  })
})
