'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { WorkerPool, PoolError } = require('..')
const { temporaryDirectory, write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { delay, until, within } = require('./support/waiting.js')

/** Words of a script that keeps a diary: a file, so that the diary outlives its worker. */
const DIARY = "(...words) => fs.appendFileSync(workerData.diary, `${words.join(' ')}\\n`)"

const ESM = {
  ending: 'mjs',
  head: `import fs from 'node:fs'\nimport { workerData } from 'node:worker_threads'\nconst note = ${DIARY}`,
  wrap: (code) => code
}
const CJS = {
  ending: 'cjs',
  head: `const fs = require('node:fs')\nconst { workerData } = require('node:worker_threads')\nconst note = ${DIARY}`,
  wrap: (code) =>
    code.replace(
      /export (?:async )?function (\w+)/g,
      (text, name) => `exports.${name} = ${name}\n${text.slice(7)}`
    )
}

/** A pool of a script, and what its workers have noted. `shared` is memory that they count in. */
function diaryPool(code, { module = ESM, ...options } = {}) {
  const directory = temporaryDirectory()
  const script = path.join(directory, `script.${module.ending}`)
  const diary = path.join(directory, 'diary')
  const shared = makeView(16)
  fs.writeFileSync(script, `${module.head}\n${module.wrap(code)}`)
  fs.writeFileSync(diary, '')
  const pool = track(new WorkerPool(script, { maxWorkers: 1, workerData: { diary, shared }, ...options }))
  return { pool, shared, script, diary: () => fs.readFileSync(diary, 'utf8').split('\n').slice(0, -1) }
}

const HOOKS = `
export function setup(...given) { note('setup', JSON.stringify(given)) }
export function teardown(...given) { note('teardown', JSON.stringify(given)) }
export function task(value) { note('task', value) ; return value }
export function die() { process.exit(9) }
`

describe.each([
  ['an ES module', ESM],
  ['a CommonJS module', CJS]
])('setup and teardown of %s', (_, module) => {
  test('run once per worker, before its first and after its last task, and are told what they are', async () => {
    const { pool, diary } = diaryPool(HOOKS, { module })
    for (const n of range(3)) await pool.execute('task', n)
    expect(diary()).toEqual(['setup [{"workerId":1}]', 'task 0', 'task 1', 'task 2'])
    await within(pool.close(), 'close()')
    expect(diary().slice(4)).toEqual(['teardown []'])
  })

  test('are awaited', async () => {
    const code = `
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
      export async function setup() { note('setting up'); await pause(); note('set up') }
      export async function teardown() { note('tearing down'); await pause(); note('torn down') }
      export function task() { note('task') }`
    const { pool, diary } = diaryPool(code, { module, size: 1, maxWorkers: undefined })
    const tasks = [pool.execute('task'), pool.execute('task')]
    await within(pool.ready(), 'ready()')
    expect(diary().slice(0, 2)).toEqual(['setting up', 'set up'])
    await Promise.all(tasks)
    await within(pool.close(), 'close()')
    expect(diary()).toEqual(['setting up', 'set up', 'task', 'task', 'tearing down', 'torn down'])
  })

  test('are there for a default export that holds them', async () => {
    const code =
      module === ESM
        ? "export default { setup() { note('setup') }, teardown() { note('teardown') } }"
        : "exports.default = { setup() { note('setup') }, teardown() { note('teardown') } }"
    const { pool, diary } = diaryPool(code, { module })
    await pool.execute(() => 1)
    await within(pool.close(), 'close()')
    expect(diary()).toEqual(module === ESM ? ['setup', 'teardown'] : [])
  })

  test('need not be functions, nor both be there', async () => {
    const { pool } = diaryPool('export function setup() {}\nexport function task() { return 1 }', { module })
    await expect(pool.execute('task')).resolves.toBe(1)
    await within(pool.close(), 'close()')
    const code = module === ESM ? 'export const setup = 5, teardown = null' : 'exports.setup = 5'
    const other = diaryPool(code, { module }).pool
    await expect(other.execute(() => 2)).resolves.toBe(2)
    await within(other.close(), 'close()')
  })
})

describe('setup', () => {
  test('is run by each worker of the minimum before ready() resolves', async () => {
    const { pool, diary } = diaryPool(HOOKS, { size: 3, maxWorkers: undefined })
    await within(pool.ready(), 'ready()')
    expect(diary().sort()).toEqual([1, 2, 3].map((workerId) => `setup [{"workerId":${workerId}}]`))
  })

  test('is run by the replacement of a worker that died', async () => {
    const { pool, diary } = diaryPool(HOOKS)
    await rejection(pool.execute('die'))
    await pool.execute('task', 0)
    expect(diary()).toEqual(['setup [{"workerId":1}]', 'setup [{"workerId":2}]', 'task 0'])
  })

  test('is run before inline functions, too', async () => {
    const { pool, diary } = diaryPool(HOOKS)
    await pool.execute(() => 1)
    expect(diary()).toEqual(['setup [{"workerId":1}]'])
  })

  const FAILS_AT_FIRST = `
    export async function setup() {
      note('setup')
      if (Atomics.add(workerData.shared, 0, 1) < Atomics.load(workerData.shared, 1)) throw new RangeError('not yet')
    }
    export function teardown() { note('teardown') }
    export function task(value, { workerId }) { return [value, workerId] }`

  test('that fails rejects ready() and tasks, with what it threw as the cause', async () => {
    const { pool, shared, script } = diaryPool(FAILS_AT_FIRST, { size: 1, maxWorkers: undefined })
    shared[1] = 1000
    const starts = jest.fn()
    pool.on('workerStart', starts)
    for (const [promise, task] of [
      [rejection(pool.ready()), undefined],
      [rejection(pool.execute('task', 1)), 'task'],
      [rejection(pool.execute('noSuchTask')), 'noSuchTask']
    ]) {
      const error = await promise
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ code: 'ERR_SCRIPT_LOAD', cause: { message: 'not yet' } })
      expect(error.cause).toBeInstanceOf(RangeError)
      expect(error.task).toBe(task)
      expect(error.message).toContain(script)
      expect(error.message).toContain('setup')
    }
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    expect(starts).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['throws', "throw new TypeError('no')", { name: 'TypeError', message: 'no' }],
    ['rejects', "return Promise.reject(new TypeError('no'))", { name: 'TypeError', message: 'no' }],
    ['throws what is no error', "throw 'no'", 'no'],
    ['throws nothing', 'throw undefined', undefined],
    ['throws what cannot be cloned', 'throw () => {}', expect.anything()]
  ])('that %s', async (_, code, cause) => {
    const { pool } = diaryPool(`export function setup() { ${code} }\nexport function task() {}`)
    const error = await rejection(pool.execute('task'))
    expect(error).toMatchObject({ code: 'ERR_SCRIPT_LOAD', task: 'task' })
    if (typeof cause === 'object' && 'name' in cause) expect(error.cause).toMatchObject(cause)
    else expect(error.cause).toEqual(cause)
    await expect(
      within(
        pool.execute(() => 1),
        'an inline function'
      )
    ).resolves.toBe(1)
  })

  test('that failed is tried again by the next task, on the same worker', async () => {
    const { pool, shared, diary } = diaryPool(FAILS_AT_FIRST)
    shared[1] = 3 // once as the worker starts, twice for tasks
    expect(await rejection(pool.execute('task', 1))).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    expect(await rejection(pool.execute('task', 2))).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    await expect(pool.execute('task', 3)).resolves.toEqual([3, 1])
    await expect(pool.execute('task', 4)).resolves.toEqual([4, 1])
    await within(pool.resize({ minWorkers: 1 }), 'resize() to a worker that is up by now')
    await within(pool.ready(), 'ready()')
    await within(pool.close(), 'close()')
    expect(diary()).toEqual(['setup', 'setup', 'setup', 'setup', 'teardown'])
  })

  test('that failed is tried again by a retry of the task', async () => {
    const { pool, shared } = diaryPool(FAILS_AT_FIRST)
    shared[1] = 2
    await expect(within(pool.execute('task', 1, { retries: 3 }), 'the task')).resolves.toEqual([1, 1])
    expect(shared[0]).toBe(3)
  })

  test('is tried once for tasks that come at the same time', async () => {
    const { pool, shared } = diaryPool(FAILS_AT_FIRST, { concurrentTasksPerWorker: 4 })
    shared[1] = 1
    const tasks = range(4).map((n) => pool.execute('task', n))
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual(range(4).map((n) => [n, 1]))
    expect(shared[0]).toBe(2)
  })

  test.each([
    ['awaits for ever', 'await new Promise(() => {})'],
    ['loops for ever', 'for (;;);'],
    ['dies', 'process.exit(4)']
  ])('that %s ends its worker, not the pool', async (_, code) => {
    const content = `
      export async function setup({ workerId }) { if (workerId === 1) { ${code} } }
      export function task(_, { workerId }) { return workerId }`
    const { pool } = diaryPool(content, { startTimeout: 1000 })
    const error = await rejection(pool.execute('task'))
    expect(error).toMatchObject({ code: code.includes('exit') ? 'ERR_WORKER_EXITED' : 'ERR_SCRIPT_LOAD' })
    await expect(within(pool.execute('task'), 'the next task')).resolves.toBe(2)
    await within(pool.close(), 'close()')
  })
})

describe('teardown', () => {
  const torn = (workerId) => `teardown ${workerId}`
  const TELLS_WHO = `
    let who
    export function setup({ workerId }) { who = workerId }
    export function teardown() { note('teardown', who) }
    export function task(value) { return value }
    export function never() { return new Promise(() => {}) }`

  test('runs when a worker is retired, by idleness, maxTasksPerWorker or resize()', async () => {
    const idle = diaryPool(TELLS_WHO, { idleTimeout: 1 })
    await idle.pool.execute('task')
    await until(() => idle.diary().length === 1, 'the retirement')

    const worn = diaryPool(TELLS_WHO, { maxTasksPerWorker: 1 })
    for (const n of range(3)) await worn.pool.execute('task', n)
    await within(worn.pool.close(), 'close()')
    expect(worn.diary()).toEqual([torn(1), torn(2), torn(3)])

    const resized = diaryPool(TELLS_WHO, { size: 3, maxWorkers: undefined })
    await within(resized.pool.ready(), 'ready()')
    await within(resized.pool.resize({ minWorkers: 1, maxWorkers: 1 }), 'resize()')
    expect(resized.diary()).toHaveLength(2)
    await within(resized.pool.close(), 'close()')
    expect(resized.diary().sort()).toEqual([torn(1), torn(2), torn(3)])
  })

  test('runs in a worker that was told to end while it was set up', async () => {
    const code = `
      export async function setup() {
        note('setting up')
        while (Atomics.load(workerData.shared, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        note('set up')
      }
      export function teardown() { note('teardown') }`
    const { pool, diary, shared } = diaryPool(code, { size: 1, maxWorkers: undefined })
    await until(() => diary().length === 1, 'the beginning of setup')
    const closed = pool.close()
    await delay(20) // it is woken to be told
    Atomics.store(shared, 0, 1)
    await within(closed, 'close()')
    expect(diary()).toEqual(['setting up', 'set up', 'teardown'])
  })

  test('does not run, and close() resolves, if setup never ends', async () => {
    const code = `
      export async function setup() { note('setup'); await new Promise(() => {}) }
      export function teardown() { note('teardown') }`
    const { pool, diary } = diaryPool(code, { size: 1, maxWorkers: undefined, startTimeout: 500 })
    await until(() => diary().length === 1, 'the beginning of setup')
    await within(pool.close(), 'close()')
    expect(diary()).toEqual(['setup'])
  })

  test.each([
    ['terminate()', (pool) => pool.terminate()],
    ['close({ timeout }) when the time is over', (pool) => pool.close({ timeout: 10 })]
  ])('does not run on %s', async (_, end) => {
    const { pool, diary } = diaryPool(TELLS_WHO)
    await pool.execute('task')
    const task = rejection(pool.execute('never'))
    await within(end(pool), 'the end')
    expect(await task).toMatchObject({ code: 'ERR_POOL_TERMINATED' })
    expect(diary()).toEqual([])
  })

  test('does not run when setup has failed', async () => {
    const { pool, diary } = diaryPool(
      `export function setup() { throw new Error('no') }\nexport function teardown() { note('teardown') }`
    )
    await pool.execute(() => 1)
    await within(pool.close(), 'close()')
    expect(diary()).toEqual([])
  })

  test.each([
    ['throws', "throw new RangeError('no')"],
    ['rejects', "await null; throw new RangeError('no')"]
  ])("that %s does not keep close() from resolving, and is told by 'error'", async (_, code) => {
    const { pool, script } = diaryPool(`export async function teardown() { ${code} }`)
    const errors = []
    pool.on('error', (error) => errors.push(error))
    await pool.execute(() => 1)
    await within(pool.close(), 'close()')
    await until(() => errors.length === 1, "the event 'error'")
    expect(errors[0]).toBeInstanceOf(PoolError)
    expect(errors[0]).toMatchObject({
      code: 'ERR_WORKER_EXITED',
      cause: { name: 'RangeError', message: 'no' }
    })
    expect(errors[0].message).toContain('teardown')
    expect(errors[0].message).toContain(script)
  })

  test("that awaits or loops for ever does not keep close() from resolving, and is told by 'error'", async () => {
    const pools = ['await new Promise(() => {})', 'for (;;);'].map((code) => {
      const { pool } = diaryPool(`export async function teardown() { ${code} }`)
      const errors = []
      pool.on('error', (error) => errors.push(error))
      return { pool, errors }
    })
    for (const { pool } of pools) await pool.execute(() => 1)
    await within(Promise.all(pools.map(({ pool }) => pool.close())), 'close()', 12_000)
    for (const { errors } of pools) {
      await until(() => errors.length === 1, "the event 'error'")
      expect(errors[0]).toMatchObject({ code: 'ERR_WORKER_EXITED' })
      expect(errors[0].message).toContain('teardown')
    }
  })

  test.each([
    ['awaits for ever', 'await new Promise(() => {})'],
    ['loops for ever', 'for (;;);']
  ])('that %s is cut short by terminate(), or when the time of close() is over', async (_, code) => {
    const closeThenTerminate = (pool) => Promise.all([pool.close(), pool.terminate()])
    for (const end of [(pool) => pool.close({ timeout: 10 }), closeThenTerminate]) {
      const { pool } = diaryPool(`export async function teardown() { ${code} }`)
      await pool.execute(() => 1)
      await within(end(pool), 'the end', 3000)
    }
  })

  test('that exits by itself is an end like any other', async () => {
    const { pool } = diaryPool('export function teardown() { process.exit(3) }')
    await pool.execute(() => 1)
    await within(pool.close(), 'close()')
  })
})

describe('inline functions run although the script', () => {
  test.each([
    ['throws as it is loaded', "throw new RangeError('no')"],
    ['is no JavaScript', 'export export'],
    ['imports what is not there', "import './nothing.mjs'"],
    ['fails to be set up', "export function setup() { throw new RangeError('no') }"]
  ])('%s', async (_, code) => {
    const { pool } = diaryPool(code, { size: 2, maxWorkers: undefined })
    const tasks = range(6).map((n) => pool.execute((value) => value * 2, n))
    await expect(within(Promise.all(tasks), 'the tasks')).resolves.toEqual([0, 2, 4, 6, 8, 10])
    expect(await rejection(pool.execute('task'))).toMatchObject({ code: 'ERR_SCRIPT_LOAD', task: 'task' })
    await within(pool.close(), 'close()')
  })

  test('is no longer there', async () => {
    const script = write('gone.mjs', '')
    const pool = track(new WorkerPool(script, { maxWorkers: 1 }))
    fs.rmSync(script)
    await expect(
      within(
        pool.execute(() => 1),
        'the task'
      )
    ).resolves.toBe(1)
    expect(await rejection(pool.execute('task'))).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
  })
})

test.each(['setup', 'teardown'])('%s cannot be run as a task, nor is it named as one', async (name) => {
  const { pool, diary } = diaryPool(
    `export function setup() { note('setup') }
     export function teardown() { note('teardown') }
     export function task() {}`
  )
  const error = await rejection(pool.execute(name))
  expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_TASK_NOT_FOUND', task: name })
  expect(error.message).toContain('no task')
  const other = await rejection(pool.execute('other'))
  expect(other.message).toContain('task')
  expect(other.message).not.toMatch(/setup|teardown/)
  expect(diary()).toEqual(['setup'])
})
