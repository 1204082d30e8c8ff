const { WorkerPool, PoolError } = require('..')
const { makeLarge } = require('./support/bytes.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { runScene } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 2, nativeThreads: 2 })
const LARGE = makeLarge()
const hashLarge = (pool) => pool.execute('native:hash', { data: LARGE, algorithm: 'sha3-256' })

describe('terminate() rejects', () => {
  test('running and queued tasks of both kinds', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const tasks = [
      ['spin', pool.execute('spin', gate)],
      ['never', pool.execute('never', gate)]
    ]
    await entered(gate, 2)
    tasks.push(['echo', pool.execute('echo', 1)])
    tasks.push(['echo', pool.execute('echo', /x/)])
    tasks.push(['() => 1', pool.execute(() => 1)])
    for (let n = 0; n < 20; n++) tasks.push(['native:hash', hashLarge(pool)])
    await until(() => pool.stats().nativeThreads.busy === 2, 'two running native tasks')
    const errors = tasks.map(([, promise]) => rejection(promise))
    const terminated = pool.terminate()
    for (const [n, promise] of errors.entries()) {
      const error = await promise
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_POOL_TERMINATED', task: tasks[n][0] })
    }
    await within(terminated, 'terminate()')
    expect(pool.stats()).toMatchObject({
      workers: { total: 0 },
      nativeThreads: { total: 0 },
      queue: { length: 0 },
      tasks: { submitted: tasks.length, completed: 0, cancelled: tasks.length, failed: 0 }
    })
  })

  test('at once, before the threads are gone', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const task = rejection(pool.execute('spin', gate))
    await entered(gate)
    const events = []
    const terminated = pool.terminate().then(() => events.push('gone'))
    await task.then(() => events.push('rejected'))
    await within(terminated, 'terminate()')
    expect(events).toEqual(['rejected', 'gone'])
  })

  test('with who submitted the task in the stack', async () => {
    const pool = poolOf()
    async function submitter() {
      await pool.execute('never')
    }
    const error = rejection(submitter())
    await within(pool.terminate(), 'terminate()')
    expect((await error).stack).toContain('submitter')
  })

  test('ten thousand queued tasks', async () => {
    const pool = poolOf({ maxWorkers: 1 })
    const gate = makeGate()
    const held = rejection(pool.execute('spin', gate))
    await entered(gate)
    const tasks = Array.from({ length: 10_000 }, (_, n) => pool.execute('echo', n))
    const outcomes = Promise.allSettled(tasks)
    await within(pool.terminate(), 'terminate()')
    const codes = new Set((await within(outcomes, 'the rejections')).map(({ reason }) => reason?.code))
    expect([...codes]).toEqual(['ERR_POOL_TERMINATED'])
    await held
  })

  test('what has already been computed but not read settles one way only', async () => {
    const pool = poolOf()
    const tasks = Array.from({ length: 2000 }, (_, n) =>
      n % 2 ? pool.execute('echo', n) : pool.execute('native:noop')
    )
    const outcomes = Promise.allSettled(tasks)
    await Promise.race(tasks)
    await within(pool.terminate(), 'terminate()')
    for (const { status, reason } of await within(outcomes, 'the settling of all'))
      expect([status, reason?.code]).toEqual(
        status === 'fulfilled' ? ['fulfilled', undefined] : ['rejected', 'ERR_POOL_TERMINATED']
      )
  })
})

describe('terminate() stops', () => {
  test.each([
    [
      'an endless loop',
      () => {
        for (;;);
      }
    ],
    [
      'an endless loop that catches everything',
      () => {
        for (;;) {
          try {
            for (;;);
          } catch {
          } finally {
          }
        }
      }
    ],
    ['a wait for shared memory', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)],
    [
      'an endless chain of microtasks',
      async () => {
        for (;;) await null
      }
    ],
    ['a promise that never settles', () => new Promise(() => {})],
    ['a catastrophic regular expression', () => /^(a+)+$/.test(`${'a'.repeat(50)}b`)]
  ])('%s', async (_, task) => {
    const pool = poolOf()
    const running = rejection(pool.execute(task))
    await until(() => pool.stats().workers.busy === 1, 'the start of the task')
    await within(pool.terminate(), 'terminate()')
    expect(await running).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
    expect(pool.stats().workers.total).toBe(0)
  })

  test('all threads: none is left, of either kind', async () => {
    const { code, timedOut, stdout, stderr } = await runScene('threads after terminate')
    expect({ code, timedOut, stderr }).toEqual({ code: 0, timedOut: false, stderr: '' })
    const { before, during, after, codes } = JSON.parse(stdout)
    expect(codes).toEqual(['ERR_POOL_TERMINATED'])
    expect(during).toBeGreaterThanOrEqual(before + 4)
    expect(after).toBe(before)
  })

  test('all threads, also when they were just starting', async () => {
    const { code, timedOut, stdout, stderr } = await runScene('threads when terminated during the start')
    expect({ code, timedOut, stderr }).toEqual({ code: 0, timedOut: false, stderr: '' })
    const { before, after } = JSON.parse(stdout)
    expect(after).toBe(before)
  })

  test('a native task in the middle of its bytes', async () => {
    const pool = poolOf({ nativeThreads: 1 })
    const pipe = makePipe()
    const running = rejection(pool.execute('native:hash', { data: { path: pipe.file } }))
    await pipe.reached()
    const queued = rejection(pool.execute('native:noop'))
    const terminated = pool.terminate()
    expect(await running).toMatchObject({ code: 'ERR_POOL_TERMINATED', task: 'native:hash' })
    expect(await queued).toMatchObject({ code: 'ERR_POOL_TERMINATED', task: 'native:noop' })
    pipe.release('abc')
    await within(terminated, 'terminate()')
  })
})

describe('terminate()', () => {
  test('of a fresh pool', async () => {
    await within(poolOf().terminate(), 'terminate()')
    await within(track(new WorkerPool()).terminate(), 'terminate()')
    await within(track(new WorkerPool(TASKS, 2)).terminate(), 'terminate()')
  })

  test('of an idle pool', async () => {
    const pool = poolOf()
    await Promise.all([pool.execute('echo'), pool.execute('native:noop')])
    await within(pool.terminate(), 'terminate()')
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, nativeThreads: { total: 0 } })
  })

  test('while workers start', async () => {
    const pool = poolOf()
    const tasks = [1, 2, 3].map((n) => rejection(pool.execute('echo', n)))
    await within(pool.terminate(), 'terminate()')
    for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('while workers of the minimum start', async () => {
    const pool = track(new WorkerPool(TASKS, 3))
    await turn()
    await within(pool.terminate(), 'terminate()')
    expect(pool.stats().workers.total).toBe(0)
  })

  test('twice, at once and after it', async () => {
    const pool = poolOf()
    const task = rejection(pool.execute('never'))
    await within(Promise.all([pool.terminate(), pool.terminate()]), 'terminate() twice')
    await within(pool.terminate(), 'terminate() again')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('while the pool closes: what was left rejects, and both end', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const running = rejection(pool.execute('spin', gate))
    await entered(gate)
    const closed = pool.close()
    await within(Promise.all([pool.terminate(), closed]), 'both')
    expect(await running).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('after close()', async () => {
    const pool = poolOf()
    await pool.execute('echo')
    await within(pool.close(), 'close()')
    await within(pool.terminate(), 'terminate()')
  })

  test('resolves to undefined', async () => {
    await expect(within(poolOf().terminate(), 'terminate()')).resolves.toBeUndefined()
  })

  test('takes no more tasks, during and after', async () => {
    const pool = poolOf()
    const terminated = pool.terminate()
    for (const wait of [undefined, terminated]) {
      await within(Promise.resolve(wait), 'terminate()')
      for (const task of ['echo', 'native:noop', () => 1]) {
        const error = await rejection(pool.execute(task))
        expect(error).toBeInstanceOf(PoolError)
        expect(error).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
      }
    }
  })

  test('leaves other pools alone', async () => {
    const [pool, other] = [poolOf(), poolOf()]
    const gate = makeGate()
    const running = other.execute('blockThenReturn', { gate, value: 'whole' })
    await entered(gate)
    const spinning = rejection(pool.execute('spin'))
    await within(pool.terminate(), 'terminate()')
    await spinning
    open(gate)
    await expect(running).resolves.toBe('whole')
    await expect(other.execute('native:noop')).resolves.toBeUndefined()
  })

  test('fifty times, each time with tasks under way', async () => {
    for (let n = 0; n < 50; n++) {
      const pool = poolOf()
      const tasks = [pool.execute('echo', n), pool.execute('native:noop'), hashLarge(pool)]
      const outcomes = Promise.allSettled(tasks)
      if (n % 2) await Promise.race(tasks)
      await within(pool.terminate(), `terminate() no. ${n}`)
      await within(outcomes, 'the settling of all')
    }
  }, 60_000)
})

describe('a native task that waits for a pipe which nobody writes to', () => {
  test('does not keep the pool from ending', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 1 }))
    const { file } = makePipe()
    const task = rejection(pool.execute('native:hash', { data: { path: file } }))
    await until(() => pool.stats().nativeThreads.busy === 1, 'the task runs')
    await within(pool.terminate(), 'terminate()')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })
})
