'use strict'

const { warningsOf } = require('../lib/owner/health.js')
const { next } = require('./support/events.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf, track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1, healthInterval: 10 })

/** Resolves with the next report. */
const nextReport = (pool) => next(pool, 'health')

/** Resolves with the first report that has this kind of warning. */
async function warned(pool, kind) {
  let found
  await until(async () => {
    const report = await nextReport(pool)
    found = report.warnings.find((warning) => warning.kind === kind) && report
    return found !== undefined
  }, `a warning of the kind ${kind}`)
  return found
}

describe('what warnings are made of', () => {
  const QUIET = { queue: { length: 0, held: 0, oldestAge: 0 }, running: [] }
  const NOW = 1_000_000
  const nameOf = (kind, label) => `${kind} ${label}`
  const of = (figures, deaths = []) => warningsOf({ ...QUIET, ...figures }, deaths, NOW, nameOf)
  const run = (more) => ({
    running: [{ kind: 'javascript', label: 7, executor: 3, runningFor: 5000, usual: 10, runs: 100, ...more }]
  })
  const ago = (...times) => times.map((time) => NOW - time)

  test('a pool at rest has none', () => {
    expect(of({})).toEqual([])
  })

  test.each([
    ['many tasks that came just now', { length: 1e6, held: 1e6, oldestAge: 999 }, undefined],
    ['a second to the dot', { length: 1, held: 0, oldestAge: 1000 }, undefined],
    ['more than a second', { length: 3, held: 0, oldestAge: 1000.1 }, 3],
    ['more than a second, some of them held', { length: 3, held: 4, oldestAge: 5000 }, 7]
  ])('the queue: %s', (_, queue, length) => {
    const warnings = of({ queue })
    if (length === undefined) return expect(warnings).toEqual([])
    expect(warnings).toEqual([
      {
        kind: 'queue',
        message: expect.stringContaining(`${length} tasks`),
        length,
        oldestAge: queue.oldestAge
      }
    ])
  })

  test.each([
    ['far beyond the usual', {}, true],
    ['of a kind that has hardly run', { runs: 4 }, false],
    ['of a kind that has run just often enough', { runs: 5 }, true],
    ['ten times the usual', { runningFor: 5000, usual: 500 }, false],
    ['a bit more than ten times the usual', { runningFor: 5001, usual: 500 }, true],
    ['ten times the usual, but only a second more', { runningFor: 1000.5, usual: 0.5 }, false],
    ['ten times the usual, and more than a second more', { runningFor: 1000.6, usual: 0.5 }, true],
    ['a long one that usually is long', { runningFor: 60_000, usual: 30_000 }, false]
  ])('a task: %s', (_, more, warns) => {
    const figures = run(more)
    const { runningFor, usual } = figures.running[0]
    const warning = {
      kind: 'task',
      message: expect.stringContaining("'javascript 7'"),
      task: 'javascript 7',
      worker: 3,
      runningFor,
      usual
    }
    expect(of(figures)).toEqual(warns ? [warning] : [])
  })

  test.each([
    ['none', [], undefined],
    ['two', ago(0, 1), undefined],
    ['three', ago(0, 1, 2), 3],
    ['three, one of them long ago', ago(0, 1, 60_001), undefined],
    ['three, one of them a minute ago', ago(0, 1, 60_000), 3],
    ['a hundred', ago(...range(100)), 100]
  ])('deaths of workers: %s', (_, times, deaths) => {
    const warning = { kind: 'worker', message: expect.stringContaining(`${deaths} workers`), deaths }
    expect(of({}, times)).toEqual(deaths === undefined ? [] : [warning])
  })

  test('one of each kind, and one for each task', () => {
    const running = [
      ...run({}).running,
      ...run({ label: 8 }).running,
      ...run({ label: 9, usual: 5000 }).running
    ]
    const queue = { length: 1, held: 0, oldestAge: 2000 }
    const kinds = of({ queue, running }, ago(1, 2, 3)).map(({ kind, task }) => task ?? kind)
    expect(kinds.sort()).toEqual(['javascript 7', 'javascript 8', 'queue', 'worker'])
  })
})

describe("the event 'health'", () => {
  test('tells that all is well, with the figures of the moment', async () => {
    const pool = poolOf({ name: 'miller' })
    await pool.execute('echo')
    const { status, warnings, stats } = await nextReport(pool)
    expect({ status, warnings }).toEqual({ status: 'ok', warnings: [] })
    expect(Object.keys(stats).sort()).toEqual(Object.keys(pool.stats()).sort())
    expect(stats).toMatchObject({ name: 'miller', tasks: { completed: 1 }, workers: { total: 1 } })
  })

  test('comes every healthInterval milliseconds, not more often', async () => {
    const pool = poolOf({ healthInterval: 20 })
    const times = []
    pool.on('health', () => times.push(performance.now()))
    await until(() => times.length >= 5, 'five reports')
    expect(times[4] - times[0]).toBeGreaterThanOrEqual(4 * 20 - 10)
  })

  test('warns of a queue that is backed up, and of a task that runs for much longer than usual', async () => {
    const pool = poolOf()
    const passed = makeGate()
    open(passed)
    for (let n = 0; n < 6; n++) await pool.execute('block', passed)
    const gate = makeGate()
    const running = pool.execute('block', gate)
    await entered(gate)
    const waiting = [pool.execute('echo', 1), pool.execute('echo', 2)]
    const { warnings, status } = await warned(pool, 'queue')
    expect(status).toBe('warning')
    expect(warnings[0]).toMatchObject({ kind: 'queue', length: 2, oldestAge: expect.any(Number) })
    expect(warnings[0].oldestAge).toBeGreaterThan(1000)
    const warning = (await warned(pool, 'task')).warnings.find(({ kind }) => kind === 'task')
    expect(warning).toMatchObject({ task: 'block', worker: 1 })
    expect(warning.runningFor).toBeGreaterThan(1000)
    expect(warning.usual).toBeLessThan(100)
    open(gate)
    await within(Promise.all([running, ...waiting]), 'the tasks')
    expect((await nextReport(pool)).status).toBe('ok')
  })

  test('warns of workers that die', async () => {
    const pool = poolOf()
    for (let n = 0; n < 2; n++) await rejection(pool.execute('exit', 1))
    expect((await nextReport(pool)).warnings).toEqual([])
    await rejection(pool.execute('exit', 1))
    const { status, warnings } = await nextReport(pool)
    expect(status).toBe('warning')
    expect(warnings).toEqual([{ kind: 'worker', message: expect.any(String), deaths: 3 }])
  })

  test('does not take for deaths what ends as it should', async () => {
    const pool = poolOf({ maxTasksPerWorker: 1 })
    for (let n = 0; n < 5; n++) await pool.execute('echo', n)
    await until(() => pool.stats().workers.total === 0, 'the end of the last worker')
    expect((await nextReport(pool)).warnings).toEqual([])
  })
})

describe("'health' is measured only while somebody listens", () => {
  /** A pool, and how many timers it has of late. */
  function timedPool() {
    const timers = { running: 0, started: 0 }
    let pool
    jest.isolateModules(() => {
      jest.doMock('node:timers', () => {
        const actual = jest.requireActual('node:timers')
        return {
          ...actual,
          setInterval(...given) {
            timers.running++
            timers.started++
            return actual.setInterval(...given)
          },
          clearInterval(timer) {
            if (timer !== undefined) timers.running--
            actual.clearInterval(timer)
          }
        }
      })
      const { WorkerPool } = require('..')
      pool = track(new WorkerPool({ maxWorkers: 1, healthInterval: 10 }))
      jest.dontMock('node:timers')
    })
    return { pool, timers }
  }

  test('there is no timer without a listener, whatever the pool does and who listens to other events', async () => {
    const { pool, timers } = timedPool()
    for (const event of ['error', 'drain', 'needsDrain', 'workerStart', 'workerExit'])
      pool.on(event, () => {})
    await Promise.all([pool.execute(() => 1), pool.execute('native:noop')])
    await within(pool.close(), 'close()')
    expect(timers).toEqual({ running: 0, started: 0 })
  })

  test.each([
    ['off', (pool, listener) => pool.off('health', listener)],
    ['removeListener', (pool, listener) => pool.removeListener('health', listener)],
    ["removeAllListeners('health')", (pool) => pool.removeAllListeners('health')],
    ['removeAllListeners()', (pool) => pool.removeAllListeners()]
  ])(
    'there is one for any number of listeners, until all are gone by %s, and again after that',
    async (_, remove) => {
      const { pool, timers } = timedPool()
      const listeners = [() => {}, () => {}]
      pool.on('health', listeners[0])
      pool.prependListener('health', listeners[1])
      expect(timers).toEqual({ running: 1, started: 1 })
      for (const listener of listeners) remove(pool, listener)
      expect(timers).toEqual({ running: 0, started: 1 })
      await nextReport(pool)
      expect(timers).toEqual({ running: 0, started: 2 })
    }
  )

  test.each(['close', 'terminate'])('there is none after %s(), nor does one come then', async (way) => {
    const { pool, timers } = timedPool()
    pool.on('health', () => {})
    await pool.execute(() => 1)
    await within(pool[way](), `${way}()`)
    expect(timers.running).toBe(0)
    pool.on('health', () => {})
    expect(timers.started).toBe(1)
  })

  test('a listener does not keep the process alive', async () => {
    const body = `
      const pool = new WorkerPool(TASKS, { size: 2, healthInterval: 1 })
      pool.on('health', () => {})
      await pool.ready()
      await pool.execute('echo')
      await new Promise((resolve) => pool.once('health', resolve).execute((n) => new Promise((resolve) => setTimeout(resolve, n)), 50))
      console.log('reported')`
    expect(await runProgram(body)).toEqual({ status: 0, timedOut: false, stdout: 'reported\n', stderr: '' })
  })
})
