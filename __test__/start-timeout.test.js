const { WorkerPool, PoolError } = require('..')
const { write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { delay, until, within } = require('./support/waiting.js')

const COUNT = `const { view } = require('node:worker_threads').workerData; Atomics.add(view, 0, 1);`
const COUNT_ESM = `import { workerData } from 'node:worker_threads'; Atomics.add(workerData.view, 0, 1);`

/** Scripts that never finish: `[what, file, content]`. */
const ENDLESS = [
  ['loads in a loop', 'loop.cjs', `${COUNT} for (;;);`],
  [
    'waits for shared memory',
    'wait.cjs',
    `${COUNT} Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`
  ],
  [
    'awaits at its top level',
    'await.mjs',
    `${COUNT_ESM} await new Promise(() => {}); export const echo = (n) => n`
  ],
  [
    'has a setup that never settles',
    'setup.cjs',
    `${COUNT} exports.setup = () => new Promise(() => {}); exports.echo = (n) => n`
  ],
  ['has a setup in a loop', 'setup-loop.cjs', `${COUNT} exports.setup = () => { for (;;); }`]
]

function poolFor(file, content, options) {
  const script = write(file, content)
  const view = makeView()
  return {
    view,
    script,
    pool: track(new WorkerPool(script, { workerData: { view }, startTimeout: 300, ...options }))
  }
}

describe.each(ENDLESS)('startTimeout: a script that %s', (_, file, content) => {
  test('rejects the tasks that wait for it, and nothing starts again', async () => {
    const { pool, view, script } = poolFor(file, content, { maxWorkers: 1 })
    const tasks = [1, /x/, 3].map((input) => rejection(pool.execute('echo', input)))
    for (const error of await Promise.all(tasks)) {
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_SCRIPT_LOAD', task: 'echo' })
      expect(error.message).toContain(script)
      expect(error.message).toContain("'startTimeout'")
      expect(error.message).toContain('300 ms')
    }
    await until(() => pool.stats().workers.total === 0, 'the end of the worker')
    await delay(500)
    expect(view[0]).toBe(1)
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, queue: { length: 0 } })
    await expect(within(pool.execute('native:noop', { data: 'x' }), 'a native task')).resolves.toBe('x')
    await within(pool.close(), 'close()')
  })

  test('lets ready() reject, and nothing starts again', async () => {
    const { pool, view } = poolFor(file, content, { size: 2 })
    const errors = []
    pool.on('error', (error) => errors.push(error.code))
    const task = rejection(pool.execute('echo', 1))
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    expect(await task).toMatchObject({ code: 'ERR_SCRIPT_LOAD', task: 'echo' })
    await until(() => pool.stats().workers.total === 0, 'the end of the workers')
    await delay(500)
    expect(view[0]).toBeLessThanOrEqual(2) // one may not have got that far
    expect(errors).toEqual(['ERR_SCRIPT_LOAD', 'ERR_SCRIPT_LOAD'])
    await within(pool.close(), 'close()')
  })
})

describe('startTimeout', () => {
  test('is tried anew by a task that comes later', async () => {
    const once = `${COUNT} if (Atomics.load(view, 0) === 1) for (;;); exports.echo = (value) => value`
    const { pool } = poolFor('once.cjs', once, { maxWorkers: 1, startTimeout: 500 })
    expect(await rejection(pool.execute('echo', 1))).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    await expect(within(pool.execute('echo', 2), 'the second start')).resolves.toBe(2)
  })

  test('leaves a worker that is up alone, however long its tasks take', async () => {
    const { pool } = poolFor('up.cjs', 'exports.echo = (value) => value', { maxWorkers: 1 })
    await pool.execute('echo', 1)
    const slow = pool.execute(() => new Promise((resolve) => setTimeout(resolve, 700, 'slow')))
    await expect(within(slow, 'the slow task')).resolves.toBe('slow')
    expect(pool.stats().workers.total).toBe(1)
  })

  test('does not hit one worker for what another does', async () => {
    const second = `${COUNT} if (Atomics.load(view, 0) === 2) for (;;); exports.block = (gate) => {
      Atomics.add(gate, 0, 1); while (Atomics.load(gate, 1) === 0) Atomics.wait(gate, 1, 0, 50); return 'first' }
      exports.echo = (value) => value`
    const { pool, view } = poolFor('second.cjs', second, { maxWorkers: 2, startTimeout: 500 })
    const gate = makeView()
    const first = pool.execute('block', gate)
    await until(() => gate[0] === 1, 'the first task')
    const waiting = pool.execute('echo', 2) // for the second worker, which does not come up
    await until(() => view[0] === 2, 'the second worker')
    await until(() => pool.stats().workers.total === 1, 'the end of the second worker')
    Atomics.store(gate, 1, 1)
    Atomics.notify(gate, 1)
    await expect(within(Promise.all([first, waiting]), 'both')).resolves.toEqual(['first', 2])
  })

  test('a slow script is no reason if it is Infinity', async () => {
    const slow = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600); exports.echo = (n) => n'
    const { pool } = poolFor('slow.cjs', slow, { maxWorkers: 1, startTimeout: Infinity })
    await expect(within(pool.execute('echo', 1), 'the result')).resolves.toBe(1)
  })

  test.each(['close', 'terminate'])('%s() while a script does not finish loading', async (end) => {
    const { pool } = poolFor(...ENDLESS[0].slice(1), { maxWorkers: 1 })
    const task = rejection(pool.execute('echo', 1))
    const ended = pool[end]()
    expect((await task).code).toBe(end === 'close' ? 'ERR_SCRIPT_LOAD' : 'ERR_POOL_TERMINATED')
    await within(ended, `${end}()`)
  })
})
