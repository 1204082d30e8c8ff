'use strict'

// How long the pool remembers what tasks are called, and functions that came as source.

const path = require('node:path')
const { WorkerPool } = require('..')
const { Handlers } = require('../lib/worker/handlers.js')
const { runProgram } = require('./support/processes.js')
const { track } = require('./support/pools.js')
const { FIXTURES, ROOT, TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

/** Functions that no other test has, each with a name of its own. */
const functions = (prefix, count) =>
  Array.from({ length: count }, (_, n) =>
    new Function(`return function ${prefix}${n}(x) { return x + ${n} }`)()
  )

const namesOf = (pool) => Object.keys(pool.stats().perTask)

describe('names that name nothing', () => {
  test('leave no figures behind', async () => {
    const pool = track(new WorkerPool(TASKS, 1), 'close')
    const names = Array.from({ length: 500 }, (_, n) => `thereIsNone${n}`)
    const outcomes = await Promise.allSettled(names.map((name) => pool.execute(name)))
    expect(new Set(outcomes.map(({ reason }) => reason.code))).toEqual(new Set(['ERR_TASK_NOT_FOUND']))
    expect(outcomes.map(({ reason }) => reason.task)).toEqual(names)
    expect(namesOf(pool)).toEqual([])
    expect(pool.stats().tasks).toMatchObject({ submitted: 500, failed: 500 })
  })

  test('are not found again each time, and take nothing from those that name something', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const real = (x) => x
    await pool.execute(real, 1)
    for (let n = 0; n < 3; n++)
      await expect(pool.execute('native:thereIsNone')).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' })
    const scripted = track(new WorkerPool(TASKS, 1), 'close')
    for (let n = 0; n < 3; n++)
      await expect(scripted.execute('thereIsNone')).rejects.toMatchObject({
        code: 'ERR_TASK_NOT_FOUND',
        task: 'thereIsNone'
      })
    expect([namesOf(pool), namesOf(scripted)]).toEqual([['real'], []])
  })
})

describe('functions that came as source', () => {
  test('are remembered in a number that is bounded, the latest of them', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const many = functions('late', 1500)
    for (const [n, each] of many.entries()) expect(await pool.execute(each, 1)).toBe(1 + n)
    const names = namesOf(pool)
    expect(names.length).toBeLessThanOrEqual(512)
    expect(names).toContain('late1499')
    expect(names).not.toContain('late0')
  })

  test('one that is used again and again is among the latest', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const steady = new Function('return function steady(x) { return x }')()
    for (const each of functions('other', 1200)) {
      await pool.execute(each, 1)
      await pool.execute(steady, 1)
    }
    expect(pool.stats().perTask.steady.completed).toBe(1200)
  })

  test('also if all of them come at once, when they are over', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const many = functions('crowd', 1500)
    const results = await Promise.all(many.map((each) => pool.execute(each, 1)))
    expect(results).toEqual(many.map((_, n) => 1 + n))
    expect(namesOf(pool).length).toBeLessThanOrEqual(512)
  })

  test('by their length, too', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const padding = 'x'.repeat(500_000)
    for (let n = 0; n < 30; n++)
      expect(
        await pool.execute(new Function(`return function long${n}() { return ${n} /* ${padding} */ }`)())
      ).toBe(n)
    expect(namesOf(pool).length).toBeLessThanOrEqual(8)
  })

  /** One with a source of so many characters. */
  const long = (name, characters) =>
    new Function(`return function ${name}(x) { return x /* ${'x'.repeat(characters)} */ }`)()

  test('one that is longer than all that may be remembered takes the place of no other', async () => {
    const pool = track(new WorkerPool(TASKS, 1), 'close')
    const few = functions('few', 20)
    for (const each of few) await pool.execute(each, 1)
    await pool.execute('echo', 1)
    for (const characters of [5_000_000, 2_500_000])
      expect(await Promise.all([1, 2].map((n) => pool.execute(long('huge', characters), n)))).toEqual([1, 2])
    const error = await pool.execute('n'.repeat(5_000_000)).catch((error) => error)
    expect(error.code).toBe('ERR_TASK_NOT_FOUND')
    expect(namesOf(pool)).toEqual(expect.arrayContaining([...few.map(({ name }) => name), 'echo']))
    expect(namesOf(pool)).not.toContain('huge')
    const again = long('huge', 5_000_000)
    for (const n of [1, 2, 3]) expect(await pool.execute(again, n)).toBe(n)
  })

  test('nor does its function in a worker', () => {
    const handlers = new Handlers()
    const [small, huge] = [() => 'small', () => 'huge']
    handlers.set(1, small, 10)
    for (const label of [2, 3, 4]) {
      handlers.set(label, huge, 5_000_000)
      expect([handlers.get(1), handlers.get(label)]).toEqual([small, huge])
    }
    expect(handlers.get(2)).toBeUndefined()
  })

  test('one that was forgotten runs as before', async () => {
    const pool = track(new WorkerPool({ size: 1 }), 'close')
    const first = new Function('return function first(x) { return x * 2 }')()
    expect(await pool.execute(first, 1)).toBe(2)
    for (const each of functions('next', 1000)) await pool.execute(each, 1)
    expect(namesOf(pool)).not.toContain('first')
    expect(await pool.execute(first, 2)).toBe(4)
    expect(pool.stats().perTask.first.completed).toBe(1)
  })

  test('a worker keeps no more of them than that', async () => {
    const { status, stdout, stderr } = await runProgram(
      `
      const pool = new WorkerPool({ size: 1 })
      for (let n = 0; n < 1500; n++)
        await pool.execute(new Function('return function f' + n + '() { (globalThis.all ??= []).push(new WeakRef(f' + n + ')) }')())
      const left = await pool.execute(async () => {
        for (let n = 0; n < 4; n++) await new Promise((resolve) => setImmediate(resolve))
        gc()
        return globalThis.all.filter((each) => each.deref() !== undefined).length
      })
      console.log(left)
      await pool.close()`,
      { flags: ['--expose-gc'], patience: 30_000 }
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(Number(stdout)).toBeLessThanOrEqual(512)
  })
})

test('a getter that submits more functions than are remembered does not take its own task its function', async () => {
  const pool = track(new WorkerPool({ size: 1 }), 'close')
  const others = []
  const input = {
    get value() {
      for (const each of functions('nested', 1500)) others.push(pool.execute(each, 1))
      return 7
    }
  }
  const outer = new Function('return function outer({ value }) { return value }')()
  expect(await within(pool.execute(outer, input), 'the outer task')).toBe(7)
  expect(await within(Promise.all(others), 'the others')).toHaveLength(1500)
})

test('a worker that was given a task, which was aborted and its function forgotten before it began, goes on', async () => {
  const view = new Int32Array(new SharedArrayBuffer(4))
  const addon = path.resolve(process.env.THREADMILL_ADDON ?? path.join(ROOT, 'threadmill.node'))
  const script = path.join(FIXTURES, 'life', 'late-label.cjs')
  const pool = track(new WorkerPool({ script, size: 1, workerData: { addon, view } }), 'close')
  const exits = []
  pool.on('workerExit', (news) => exits.push(news))
  await pool.ready()
  Atomics.store(view, 0, 1)
  const controller = new AbortController()
  const late = new Function('return function late() { return 1 }')()
  const aborted = pool.execute(late, undefined, { signal: controller.signal })
  expect(Atomics.wait(view, 0, 1, 10_000)).not.toBe('timed-out') // the worker asks what it is to run
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  const others = functions('meanwhile', 600).map((each) => pool.execute(each, 1))
  Atomics.store(view, 0, 3)
  Atomics.notify(view, 0)
  expect(await within(Promise.all(others), 'the tasks after it')).toHaveLength(600)
  expect(exits).toEqual([])
})
