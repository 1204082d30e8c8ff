const { WorkerPool, PoolError } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { isSettled, turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1 })

describe('close() waits', () => {
  test('for tasks of different lengths on several workers, and for those queued behind', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const gates = [makeGate(), makeGate(), makeGate()]
    const held = gates.map((gate, value) => pool.execute('blockThenReturn', { gate, value }))
    for (const gate of gates) await entered(gate)
    const queued = Array.from({ length: 20 }, (_, n) => pool.execute('echo', n))
    const byMessage = pool.execute('echo', /x/)
    const closed = pool.close()
    open(gates[1])
    await expect(within(Promise.all(queued), 'the queued tasks')).resolves.toHaveLength(20)
    await expect(within(byMessage, 'the task by message')).resolves.toEqual(/x/)
    open(gates[0])
    await held[0]
    expect(await isSettled(closed)).toBe(false)
    open(gates[2])
    await within(closed, 'close()')
    await expect(Promise.all(held)).resolves.toEqual([0, 1, 2])
    expect(pool.stats()).toMatchObject({
      workers: { total: 0 },
      nativeThreads: { total: 0 },
      tasks: { submitted: 24, completed: 24, cancelled: 0 }
    })
  })

  test('for asynchronous tasks', async () => {
    const pool = poolOf()
    const task = (n) => new Promise((resolve) => setTimeout(resolve, 5, n))
    const tasks = [1, 2, 3].map((n) => pool.execute(task, n))
    await within(pool.close(), 'close()')
    await expect(Promise.all(tasks)).resolves.toEqual([1, 2, 3])
  })

  test('for native tasks, running and queued', async () => {
    const pool = poolOf({ nativeThreads: 1 })
    const pipe = makePipe()
    const running = pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' })
    await pipe.reached()
    const queued = Array.from({ length: 50 }, () => pool.execute('native:noop', { data: Buffer.from('x') }))
    const closed = pool.close()
    expect(await isSettled(closed)).toBe(false)
    pipe.release('abc')
    await within(closed, 'close()')
    await expect(running).resolves.toBe('352441c2')
    await expect(Promise.all(queued)).resolves.toHaveLength(50)
    expect(pool.stats().nativeThreads.total).toBe(0)
  })

  test('for workers that are starting, and runs what they are starting for', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const tasks = Array.from({ length: 10 }, (_, n) => pool.execute('echo', n))
    const closed = pool.close()
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toHaveLength(10)
    await within(closed, 'close()')
  })

  test('for workers of the minimum that are starting for nothing', async () => {
    const pool = track(new WorkerPool(TASKS, 3))
    await turn()
    await within(pool.close(), 'close()')
    expect(pool.stats().workers.total).toBe(0)
  })

  test('resolves after the promises of all tasks', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const events = []
    const tasks = Array.from({ length: 500 }, (_, n) =>
      pool.execute(n % 2 ? 'echo' : 'native:noop').then(() => events.push('task'))
    )
    await within(
      pool.close().then(() => events.push('closed')),
      'close()'
    )
    expect(events).toHaveLength(501)
    expect(events.at(-1)).toBe('closed')
    await Promise.all(tasks)
  })

  test('for a task that kills its worker, and for those behind it', async () => {
    const pool = poolOf()
    const dying = rejection(pool.execute('exit', 2))
    const behind = pool.execute('echo', 1)
    await within(pool.close(), 'close()')
    expect(await dying).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await expect(behind).resolves.toBe(1)
  })

  test('also if nobody looks at the rejections', async () => {
    const pool = poolOf()
    pool.execute('fail', 'no').catch(() => {})
    await within(pool.close(), 'close()')
    expect(pool.stats().tasks).toMatchObject({ failed: 1 })
  })

  test('with a worker that keeps timers of its own', async () => {
    const pool = poolOf()
    await pool.execute(() => {
      setInterval(() => {}, 1000)
    })
    await within(pool.close(), 'close()')
  })
})

describe('a closed pool', () => {
  test.each([
    ['closing', false],
    ['closed', true]
  ])('takes no more tasks while it is %s', async (_, wait) => {
    const pool = poolOf()
    await pool.execute('echo')
    const closed = pool.close()
    if (wait) await within(closed, 'close()')
    for (const [task, name] of [
      ['echo', 'echo'],
      ['native:noop', 'native:noop'],
      [() => 1, '() => 1']
    ]) {
      const error = await rejection(pool.execute(task))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ code: 'ERR_POOL_CLOSED', task: name })
      expect(await rejection(pool.priority('high', task))).toMatchObject({ code: 'ERR_POOL_CLOSED' })
    }
    expect(await rejection(pool.run())).toMatchObject({ code: 'ERR_POOL_CLOSED', task: 'default' })
    expect(await rejection(pool.execute('echo', /x/))).toMatchObject({ code: 'ERR_POOL_CLOSED' })
    await within(closed, 'close()')
  })

  test('leaves the buffers of refused tasks to their owner', async () => {
    const pool = poolOf()
    await within(pool.close(), 'close()')
    const buffer = new ArrayBuffer(8)
    await rejection(pool.execute('echo', buffer, { transfer: [buffer] }))
    expect(buffer.byteLength).toBe(8)
  })

  test('still tells its statistics', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await within(pool.close(), 'close()')
    expect(pool.stats()).toMatchObject({ tasks: { submitted: 1, completed: 1 }, workers: { total: 0 } })
  })
})

describe('close()', () => {
  test('of a fresh pool', async () => {
    await within(poolOf().close(), 'close()')
    await within(track(new WorkerPool()).close(), 'close()')
    await within(track(new WorkerPool(TASKS, 2)).close(), 'close()')
  })

  test('twice, at once and after it', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await within(Promise.all([pool.close(), pool.close()]), 'close() twice')
    await within(pool.close(), 'close() again')
  })

  test('after terminate()', async () => {
    const pool = poolOf()
    const task = rejection(pool.execute('never'))
    const terminated = pool.terminate()
    await within(Promise.all([terminated, pool.close({ timeout: 5 })]), 'both')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('resolves to undefined', async () => {
    await expect(within(poolOf().close(), 'close()')).resolves.toBeUndefined()
  })

  test('by Symbol.asyncDispose', async () => {
    const pool = poolOf()
    const task = pool.execute('echo', 1)
    await within(pool[Symbol.asyncDispose](), 'the disposal')
    await expect(task).resolves.toBe(1)
    expect(await rejection(pool.execute('echo'))).toMatchObject({ code: 'ERR_POOL_CLOSED' })
  })
})

describe('close({ timeout })', () => {
  test('terminates a task that does not end', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const gate = makeGate()
    const endless = rejection(pool.execute('spin', gate))
    const awaiting = rejection(pool.execute('never', gate))
    await entered(gate, 2)
    const queued = rejection(pool.execute('echo'))
    await within(pool.close({ timeout: 20 }), 'close()')
    for (const [error, task] of [
      [endless, 'spin'],
      [awaiting, 'never'],
      [queued, 'echo']
    ])
      expect(await error).toMatchObject({ code: 'ERR_POOL_TERMINATED', task })
    expect(pool.stats().workers.total).toBe(0)
  })

  test('of 0 gives tasks no time', async () => {
    const pool = poolOf()
    const task = rejection(pool.execute('never'))
    await within(pool.close({ timeout: 0 }), 'close()')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test.each([60_000, 2 ** 31, 2 ** 40, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
    'of %p does not disturb tasks that end before',
    async (timeout) => {
      const pool = poolOf()
      const task = pool.execute(() => new Promise((resolve) => setTimeout(resolve, 50, 'whole')))
      await within(pool.close({ timeout }), 'close()')
      await expect(task).resolves.toBe('whole')
    }
  )

  test('that is shorter in a second call counts', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const task = rejection(pool.execute('spin', gate))
    await entered(gate)
    const first = pool.close({ timeout: 60_000 })
    await within(Promise.all([first, pool.close({ timeout: 5 })]), 'both')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })
})

describe('close({ cancelQueued })', () => {
  test('rejects what waits and finishes what runs', async () => {
    const pool = poolOf({ nativeThreads: 1 })
    const gate = makeGate()
    const pipe = makePipe()
    const running = pool.execute('blockThenReturn', { gate, value: 'whole' })
    const runningNative = pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' })
    await entered(gate)
    await pipe.reached()
    const queued = [
      ['echo', rejection(pool.execute('echo', 1))],
      ['echo', rejection(pool.execute('echo', /x/))],
      ['native:noop', rejection(pool.execute('native:noop'))]
    ]
    const closed = pool.close({ cancelQueued: true })
    for (const [task, error] of queued) expect(await error).toMatchObject({ code: 'ERR_POOL_CLOSED', task })
    open(gate)
    pipe.release('abc')
    await within(closed, 'close()')
    await expect(Promise.all([running, runningNative])).resolves.toEqual(['whole', '352441c2'])
    expect(pool.stats().tasks).toMatchObject({ submitted: 5, completed: 2, cancelled: 3, failed: 0 })
  })

  test('in a second call still applies', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const running = pool.execute('block', gate)
    await entered(gate)
    const queued = rejection(pool.execute('echo'))
    const first = pool.close()
    const second = pool.close({ cancelQueued: true })
    expect(await queued).toMatchObject({ code: 'ERR_POOL_CLOSED' })
    open(gate)
    await within(Promise.all([first, second, running]), 'the end')
  })

  test.each(['workers', 'nativeThreads'])(
    'cancels those that none of the %s is free to take',
    async (kind) => {
      for (let round = 0; round < 10; round++) {
        const pool = poolOf({ maxWorkers: 2, nativeThreads: 2 })
        const gates = [makeGate(), makeGate()]
        const pipes = []
        const submit = (gate, priority) => {
          if (kind === 'workers') return pool.execute('block', gate, { priority })
          pipes.push(makePipe())
          return pool.execute('native:hash', { data: { path: pipes.at(-1).file } }, { priority })
        }
        const letGo = (gate) => {
          open(gate)
          for (const pipe of pipes.splice(0)) pipe.release()
        }
        const warm = [0, 1].map(() => submit(gates[0], 0))
        await until(() => pool.stats()[kind].busy === 2, 'the first two')
        letGo(gates[0])
        await Promise.all(warm)
        await until(() => pool.stats()[kind].idle === 2, 'two that are idle')
        const tasks = [0, 1, 2, 3, 4].map((priority) => submit(gates[1], priority))
        const settled = Promise.allSettled(tasks)
        expect(pool.stats().queue.length).toBe(3)
        const closed = pool.close({ cancelQueued: true })
        expect(pool.stats().tasks.cancelled).toBe(3)
        letGo(gates[1])
        await within(closed, 'close()')
        const ran = (await settled).filter(({ status }) => status === 'fulfilled')
        expect(ran).toHaveLength(2)
      }
    }
  )

  test('lets a task run that an idle worker was there for, each time', async () => {
    for (let round = 0; round < 40; round++) {
      const pool = poolOf()
      await pool.execute('echo')
      await until(() => pool.stats().workers.idle === 1, 'the idle worker')
      const task = pool.execute('echo', round)
      expect(pool.stats().queue).toMatchObject({ length: 0, byPriority: {} })
      const closed = pool.close({ cancelQueued: true })
      await expect(within(task, 'the task')).resolves.toBe(round)
      await within(closed, 'close()')
    }
  })

  test('of a pool whose workers are starting', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const queued = rejection(pool.execute('echo'))
    await within(pool.close({ cancelQueued: true }), 'close()')
    expect(await queued).toMatchObject({ code: 'ERR_POOL_CLOSED' })
  })

  test('false is as good as nothing', async () => {
    const pool = poolOf()
    const task = pool.execute('echo', 1)
    await within(pool.close({ cancelQueued: false }), 'close()')
    await expect(task).resolves.toBe(1)
  })
})

describe('bad options of close() reject, and the pool stays open', () => {
  test.each([
    ['null', null, 'ERR_INVALID_ARG_TYPE'],
    ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
    ['an array', [], 'ERR_INVALID_ARG_TYPE'],
    ['an unknown option', { timeOut: 5 }, 'ERR_INVALID_ARG_VALUE'],
    ['a timeout that is no number', { timeout: '5' }, 'ERR_INVALID_ARG_TYPE'],
    ['a timeout of null', { timeout: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a timeout of NaN', { timeout: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    ['a negative timeout', { timeout: -1 }, 'ERR_OUT_OF_RANGE'],
    ['cancelQueued that is no boolean', { cancelQueued: 1 }, 'ERR_INVALID_ARG_TYPE']
  ])('%s', async (_, options, code) => {
    const pool = poolOf()
    const error = await rejection(pool.close(options))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code })
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
  })
})
