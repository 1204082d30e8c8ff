const { gzipSync } = require('node:zlib')
const { PoolError } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeLog, makeView, readLog } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { FACE, runNode } = require('./support/processes.js')
const { UNRELIABLE } = require('./support/scripts.js')
const { spoil } = require('./support/values.js')
const { until, within } = require('./support/waiting.js')

/** Longer than any test. */
const AGES = 60_000

const poolOf = poolsOf(UNRELIABLE, { maxWorkers: 1 })

/** How many tasks there were that `when` agreed to try again, as a promise of the next. */
function makeAsked() {
  let answer
  const asked = new Promise((resolve) => {
    answer = resolve
  })
  const when = () => {
    answer()
    return true
  }
  return { asked: within(asked, 'a failed attempt'), when }
}

describe('the input of another attempt', () => {
  const shared = makeView(2)

  const inputs = [
    ['an object', () => ({ a: 1, list: [1, 'two', { three: null }] })],
    ['a Map', () => new Map([['key', { value: 1 }]])],
    ['a Date', () => new Date(1234)],
    ['bytes', () => ({ bytes: Uint8Array.of(1, 2, 3) })],
    ['much', () => ({ bytes: new Uint8Array(70_000).fill(7), text: 'x'.repeat(1_000_000) })],
    ['what only a message carries', () => ({ expression: /x/g, bytes: Uint8Array.of(1, 2, 3) })],
    ['a large ArrayBuffer beside it', () => ({ expression: /x/, bytes: new Float64Array(10_000).fill(0.5) })],
    ['an error', () => new RangeError('an input')]
  ]

  const retriesOf = [
    ['its own retries', {}, { retries: 1 }],
    ["the pool's retries", { retries: 1 }, undefined]
  ]

  describe.each(retriesOf)('%s', (_, poolOptions, options) => {
    test.each(inputs)('%s: as it was submitted, whatever the first did to it', async (_, make) => {
      const task = poolOf(poolOptions).execute('spoils', make(), options)
      await expect(within(task, 'the second attempt')).resolves.toEqual(make())
    })

    test.each(inputs)('%s: as it was submitted, whatever the caller does to it', async (_, make) => {
      const pool = poolOf(poolOptions)
      await pool.execute('echo', 1)
      // On an idle worker, and behind another task.
      const gate = makeGate()
      const idle = make()
      const first = pool.execute('spoils', idle, options)
      spoil(idle)
      await expect(within(first, 'the task of an idle worker')).resolves.toEqual(make())
      const blocking = pool.execute('block', gate)
      await entered(gate)
      const waiting = make()
      const second = pool.execute('spoils', waiting, options)
      spoil(waiting)
      open(gate)
      await blocking
      await expect(within(second, 'the task that waited')).resolves.toEqual(make())
    })

    test('after its worker died', async () => {
      const input = { way: 'exits', failures: 1, value: /x/ }
      const task = poolOf(poolOptions).execute('fails', input, options)
      await expect(within(task, 'the second attempt')).resolves.toEqual(/x/)
    })

    test('a SharedArrayBuffer is the same for all', async () => {
      const view = makeLog()
      const input = { way: 'exits', failures: 1, view, value: shared }
      const result = await within(poolOf(poolOptions).execute('fails', input, options), 'the second attempt')
      expect(readLog(view)).toEqual([1, 2])
      Atomics.store(shared, 1, 99)
      expect(Atomics.load(result, 1)).toBe(99)
      Atomics.store(shared, 1, 0)
    })
  })

  test('what cannot be cloned is refused at once', async () => {
    const pool = poolOf()
    const error = await rejection(pool.execute('fails', { expression: /x/, callback() {} }, { retries: 1 }))
    expect(error).toMatchObject({ code: 'ERR_NOT_SERIALIZABLE', task: 'fails' })
    expect(pool.stats().tasks.submitted).toBe(0)
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })
})

describe('what is transferred', () => {
  test("a task's own retries with it are refused, and it stays attached", async () => {
    const pool = poolOf()
    const buffer = new ArrayBuffer(8)
    for (const retries of [1, { max: 3, delay: 1 }]) {
      const error = await rejection(pool.execute('echo', buffer, { transfer: [buffer], retries }))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', task: 'echo' })
      expect(error.message).toContain("'retries'")
    }
    expect(buffer.byteLength).toBe(8)
    expect(pool.stats().tasks.submitted).toBe(0)
  })

  test.each([
    ['no retries of its own', { retries: 0 }],
    ["the pool's retries", undefined]
  ])('%s: one attempt, and its own error', async (_, own) => {
    let asked = 0
    const pool = poolOf({ retries: { max: 3, when: () => ++asked > 0 } })
    const buffer = new ArrayBuffer(8)
    const view = makeLog()
    const options = { transfer: [buffer], ...own }
    const error = await rejection(pool.execute('fails', { view, buffer }, options))
    expect(error).toMatchObject({ name: 'RangeError', message: 'not yet' })
    expect(buffer.byteLength).toBe(0)
    expect(readLog(view)).toEqual([1])
    expect(asked).toBe(0)
    expect(pool.stats().tasks).toMatchObject({ failed: 1, retried: 0 })
  })

  test("the pool's retries, on a worker that dies: one attempt, and that it died", async () => {
    const pool = poolOf({ retries: 3 })
    const buffer = new ArrayBuffer(8)
    const input = { way: 'exits', buffer }
    expect(await rejection(pool.execute('fails', input, { transfer: [buffer] }))).toMatchObject({
      code: 'ERR_WORKER_EXITED',
      task: 'fails'
    })
    expect(pool.stats().tasks.retried).toBe(0)
  })

  test('a native task is tried again with its bytes whole', async () => {
    const data = new Uint8Array(gzipSync(Buffer.alloc(500_000, 'abc')))
    const errors = []
    const retries = { max: 3, when: (error) => errors.push(error.code) > 0 }
    const input = { data, maxOutputLength: 1000 }
    const error = await rejection(
      poolOf().execute('native:decompress', input, { transfer: [data.buffer], retries })
    )
    expect(data.byteLength).toBe(0)
    // Lost bytes would be corrupt ones.
    expect([...errors, error.code]).toEqual(Array(4).fill('ERR_BUFFER_TOO_LARGE'))
  })
})

describe('the place of another attempt', () => {
  test('behind what waits at its priority, ahead of what is lower', async () => {
    const pool = poolOf()
    const [gate, log] = [makeGate(), makeLog()]
    const all = [pool.execute('failsAtGate', { gate, log, number: 1 }, { retries: 1, priority: 5 })]
    await entered(gate)
    for (const [number, priority] of [
      [10, 0],
      [20, 5],
      [30, 9],
      [21, 5],
      [11, 0]
    ])
      all.push(pool.execute('note', { log, number }, { priority }))
    open(gate)
    await within(Promise.all(all), 'every task')
    expect(readLog(log)).toEqual([30, 20, 21, 1, 10, 11])
  })

  test('others run while it backs off', async () => {
    const pool = poolOf()
    const { asked, when } = makeAsked()
    const retries = { max: 1, delay: 300, when }
    let isOver = false
    const task = pool.execute('fails', { failures: 1 }, { retries, priority: 'urgent' }).then((value) => {
      isOver = true
      return value
    })
    await asked
    await expect(within(pool.execute('echo', 1, { priority: 'lowest' }), 'a lower task')).resolves.toBe(1)
    expect(isOver).toBe(false)
    expect(pool.stats()).toMatchObject({ workers: { busy: 0 }, queue: { length: 0 }, tasks: { retried: 1 } })
    await expect(within(task, 'the second attempt')).resolves.toMatchObject({ attempt: 2, workerId: 1 })
  })

  test('on another worker when its own has died', async () => {
    const pool = poolOf()
    const task = pool.execute('fails', { way: 'exits', failures: 2 }, { retries: 2 })
    await expect(within(task, 'the third attempt')).resolves.toEqual({ attempt: 3, workerId: 3, taskId: 0 })
  })

  test.each([
    ['a key', {}, { affinity: 'key' }],
    ['turns', { strategy: 'round-robin' }, {}],
    ['loads', { strategy: 'least-loaded' }, {}]
  ])(
    'on another worker when its own has died, with workers chosen by %s',
    async (_, poolOptions, options) => {
      const pool = poolOf({ maxWorkers: 2, ...poolOptions })
      const tasks = Array.from({ length: 8 }, (_, n) =>
        pool.execute('fails', { way: n % 2 ? 'exits' : 'throws', failures: 2 }, { retries: 2, ...options })
      )
      const results = await within(Promise.all(tasks), 'every task')
      expect(results.map(({ attempt }) => attempt)).toEqual(Array(8).fill(3))
    }
  )

  test('a wait in the queue has its own limit each time; backing off is no such wait', async () => {
    const pool = poolOf()
    await pool.execute('echo', 1)
    const options = { queueTimeout: 400, retries: { max: 1, delay: 600 } }
    const task = pool.execute('fails', { failures: 1 }, options)
    await expect(within(task, 'the second attempt')).resolves.toMatchObject({ attempt: 2 })
  })

  test('too long a wait in the queue is no failed attempt', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const blocking = pool.execute('block', gate)
    await entered(gate)
    let asked = 0
    const retries = { max: 3, when: () => ++asked > 0 }
    const error = await rejection(pool.execute('echo', 1, { queueTimeout: 20, retries }))
    expect(error).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
    expect(asked).toBe(0)
    open(gate)
    await blocking
    expect(pool.stats().tasks).toMatchObject({ completed: 1, timedOut: 1, failed: 0, retried: 0 })
  })
})

describe('taken back', () => {
  test.each([
    ['while it runs', { way: 'loops' }, 0],
    ['while it backs off', { way: 'throws' }, AGES]
  ])('by its signal %s', async (_, { way }, delay) => {
    const pool = poolOf()
    const view = makeLog()
    const controller = new AbortController()
    const options = { signal: controller.signal, retries: { max: 5, delay } }
    const task = rejection(pool.execute('fails', { way, view }, options))
    await until(() => Atomics.load(view, 0) === 1, 'the first attempt')
    if (delay > 0) await until(() => pool.stats().tasks.retried === 1, 'the failure')
    controller.abort('enough')
    expect(await task).toBe('enough')
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
    await within(pool.close(), 'close()')
    expect(readLog(view)).toEqual([1])
    expect(pool.stats().tasks).toMatchObject({ completed: 1, failed: 0, cancelled: 1 })
  })

  test('close() waits for the last attempt', async () => {
    const pool = poolOf()
    const { asked, when } = makeAsked()
    const retries = { max: 3, delay: 50, when }
    const task = pool.execute('fails', { way: 'exits', failures: 3 }, { retries })
    await asked
    const closed = within(pool.close(), 'close()')
    await expect(task).resolves.toMatchObject({ attempt: 4, workerId: 4 })
    await closed
  })

  test.each([
    ['close({ cancelQueued: true })', (pool) => pool.close({ cancelQueued: true }), 'ERR_POOL_CLOSED'],
    ['close({ timeout: 50 })', (pool) => pool.close({ timeout: 50 }), 'ERR_POOL_TERMINATED'],
    ['terminate()', (pool) => pool.terminate(), 'ERR_POOL_TERMINATED']
  ])('%s rejects what backs off', async (_, end, code) => {
    const pool = poolOf()
    const task = rejection(pool.execute('fails', {}, { retries: { max: 3, delay: AGES } }))
    const native = rejection(
      pool.execute('native:decompress', { data: 'x' }, { retries: { max: 3, delay: AGES } })
    )
    await until(() => pool.stats().tasks.retried === 2, 'the failures')
    const ended = within(end(pool), 'the end')
    expect(await task).toMatchObject({ code, task: 'fails' })
    expect(await native).toMatchObject({ code, task: 'native:decompress' })
    await ended
    expect(pool.stats().tasks).toMatchObject({ submitted: 2, cancelled: 2, failed: 0, retried: 2 })
  })

  test.each([
    [
      'a worker',
      "pool.execute((_, { attempt }) => { if (attempt < 2) throw 1; return 'again' }, 0, options)"
    ],
    ['a native thread', "pool.execute('native:hash', { data: { path: './no such file' } }, options)"]
  ])('the process waits for a task that backs off: on %s', async (_, task) => {
    const code = `
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool({ maxWorkers: 1 })
      const options = { retries: { max: 1, delay: 300 } }
      const print = (value) => process.stdout.write(String(value.code ?? value))
      ${task}.then(print, print)`
    const { stdout, stderr, timedOut } = await runNode(['-e', code])
    expect({ stdout, stderr, timedOut }).toEqual({
      stdout: task.includes('hash') ? 'ENOENT' : 'again',
      stderr: '',
      timedOut: false
    })
  })
})
