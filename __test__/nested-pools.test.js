const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { WorkerPool } = require('..')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { runNode, runScene } = require('./support/processes.js')
const { FIXTURES, ROOT, TASKS } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

const NESTED = path.join(FIXTURES, 'life', 'nested.cjs')

/** What a plain worker thread that runs `nested.cjs` says. */
function runWorker(mode) {
  const worker = new Worker(NESTED, { workerData: { mode } })
  const messages = new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`exited with ${code} before it said anything`)))
  })
  const exit = new Promise((resolve) => worker.once('exit', resolve))
  return { worker, message: messages, exit }
}

describe('a pool within a worker thread', () => {
  test('runs both kinds of tasks, closes, and lets the thread end', async () => {
    const { message, exit } = runWorker('use')
    await expect(within(message, 'the message')).resolves.toEqual({
      results: [3, '352441c2', ['default', 5]],
      stats: { submitted: 3, completed: 3 }
    })
    await expect(within(exit, 'the end of the thread')).resolves.toBe(0)
  })

  test('lets the thread end although it was not closed', async () => {
    const { message, exit } = runWorker('forget')
    await expect(within(message, 'the message')).resolves.toBe('used')
    await expect(within(exit, 'the end of the thread')).resolves.toBe(0)
  })

  test('goes with its thread when that is terminated in the middle of tasks, again and again', async () => {
    for (let round = 0; round < 5; round++) {
      const { worker, message, exit } = runWorker('busy')
      await expect(within(message, 'the message')).resolves.toBe('busy')
      await within(worker.terminate(), 'the end of the thread')
      await exit
    }
    const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
  })

  test.each(['busy', 'starting', 'native', 'loaded'])(
    'does not crash a process that terminates the thread fifty times: %s',
    async (mode) => {
      const { code, signal, timedOut, stdout, stderr } = await runScene('terminate nested pools', mode, {
        patience: 40_000
      })
      expect({ code, signal, timedOut, stdout, stderr }).toEqual({
        code: 0,
        signal: null,
        timedOut: false,
        stdout: 'fifty\n',
        stderr: ''
      })
    },
    45_000
  )

  test('does not crash a process that exits meanwhile', async () => {
    const program = `
      const { Worker } = require('node:worker_threads')
      const worker = new Worker(${JSON.stringify(NESTED)}, { workerData: { mode: 'busy' } })
      worker.once('message', () => process.exit(7))`
    const { code, signal, timedOut, stderr } = await runNode(['-e', program])
    expect({ code, signal, timedOut, stderr }).toEqual({ code: 7, signal: null, timedOut: false, stderr: '' })
  })
})

describe('a pool within a task of another pool', () => {
  const inner = async ({ face, script, n }) => {
    const { WorkerPool } = require(face)
    const pool = new WorkerPool(script, { maxWorkers: 1 })
    const results = await Promise.all([
      pool.execute('echo', n),
      pool.execute('native:noop', { data: Buffer.from('x') })
    ])
    await pool.close()
    return [results[0], String(results[1])]
  }

  test('runs and closes', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const input = { face: ROOT, script: TASKS, n: 5 }
    for (let round = 0; round < 3; round++)
      await expect(within(pool.execute(inner, input), 'the task')).resolves.toEqual([5, 'x'])
    await within(pool.close(), 'close()')
  })

  test('two levels deep', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const outer = async ({ face, script, source }) => {
      const { WorkerPool } = require(face)
      const pool = new WorkerPool({ maxWorkers: 1 })
      const result = await pool.execute(new Function(`return (${source})`)(), { face, script, n: 6 })
      await pool.close()
      return result
    }
    const input = { face: ROOT, script: TASKS, source: String(inner) }
    await expect(within(pool.execute(outer, input), 'the task')).resolves.toEqual([6, 'x'])
    await within(pool.close(), 'close()')
  })

  test('goes when the outer pool is terminated in the middle of its tasks', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 2 }))
    const said = makeView(1)
    const task = async ({ face, script, said }) => {
      const { WorkerPool } = require(face)
      const pool = new WorkerPool(script, { maxWorkers: 1 })
      await pool.execute('echo')
      Atomics.add(said, 0, 1)
      Atomics.notify(said, 0)
      await Promise.all([
        pool.execute('spin'),
        pool.execute('native:hash', { data: new Uint8Array(1 << 28) })
      ])
    }
    const tasks = [0, 1].map(() => rejection(pool.execute(task, { face: ROOT, script: TASKS, said })))
    await until(() => Atomics.load(said, 0) >= 2, 'the second inner pool')
    await within(pool.terminate(), 'terminate()')
    for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
  })

  test('and its errors come out at the outer end', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const task = async (face) => {
      const pool = new (require(face).WorkerPool)({ maxWorkers: 1 })
      try {
        return await pool.execute(() => {
          throw new RangeError('deep down')
        })
      } finally {
        await pool.close()
      }
    }
    const error = await rejection(pool.execute(task, ROOT))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toBe('deep down')
  })
})

test('a task whose microtask submits to a pool of its own keeps its own result', async () => {
  const pool = track(new WorkerPool({ size: 1 }))
  const answers = []
  for (let answer = 0; answer < 5; answer++) {
    answers.push(
      await pool.execute((answer) => {
        globalThis.inner ??= new (require('threadmill').WorkerPool)({ maxWorkers: 1 })
        Promise.resolve().then(() =>
          globalThis.inner.execute((value) => value, { secret: 'inner' }).catch(() => {})
        )
        return { answer }
      }, answer)
    )
  }
  expect(answers).toEqual([0, 1, 2, 3, 4].map((answer) => ({ answer })))
})

describe('large buffers arrive where they were sent, though a getter in a result sends others to a pool of its own', () => {
  test.each([
    ['that carries them', () => undefined],
    ['that leaves them to a port', () => /x/]
  ])('%s', async (_, makeBeside) => {
    const pool = track(new WorkerPool({ size: 1 }))
    const task = async ([beside, length]) => {
      globalThis.inner ??= new (require('threadmill').WorkerPool)({ maxWorkers: 1 })
      const filled = (byte) => new Uint8Array(length).fill(byte)
      let inner
      globalThis.sent = () => inner
      return {
        first: filled(1),
        get second() {
          inner = globalThis.inner.execute(
            ({ bytes, other }) => [bytes.every((byte) => byte === 2), other.every((byte) => byte === 3)],
            { bytes: filled(2), other: filled(3), beside }
          )
          return filled(4)
        },
        third: filled(5)
      }
    }
    const { first, second, third } = await pool.execute(task, [makeBeside(), 10_000])
    expect([first, second, third].map((bytes) => new Set(bytes))).toEqual([
      new Set([1]),
      new Set([4]),
      new Set([5])
    ])
    expect(await pool.execute(() => globalThis.sent())).toEqual([true, true])
  })
})
