const path = require('node:path')
const { WorkerPool } = require('..')
const { makeLarge } = require('./support/bytes.js')
const { write } = require('./support/files.js')
const { makeView, raise } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf, track } = require('./support/pools.js')
const { runNode } = require('./support/processes.js')
const { FIXTURES, STOPPING } = require('./support/scripts.js')
const { BEGUN, GO, HEARD, begun } = require('./support/stopping.js')
const { until, within } = require('./support/waiting.js')
const { endless, unreachable } = require('./fixtures/stopping/tasks.cjs')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })

/** The ways to stop a task: submits it, stops it, and checks what it rejects with. */
const STOPS = {
  async timeout(pool, task, input) {
    const error = await rejection(pool.execute(task, input, { timeout: 40 }), `the timeout of '${task}'`)
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT', task })
  },
  async signal(pool, task, input, view = input) {
    const controller = new AbortController()
    const reason = { taken: 'back' }
    const error = rejection(pool.execute(task, input, { signal: controller.signal }), `the end of '${task}'`)
    await begun(view)
    controller.abort(reason)
    expect(await error).toBe(reason)
  }
}
const WAYS = Object.keys(STOPS)
const each = (tasks) => WAYS.flatMap((way) => tasks.map((task) => [way, task]))

const visit = (pool) => within(pool.execute('visit'), 'a visit')

/** Waits for a worker that has not been there before; until then, the old one may do the tasks. */
async function visitFresh(pool, { workerId }) {
  let seen
  await until(async () => (seen = await pool.execute('visit')).workerId !== workerId, 'a fresh worker')
  expect(seen.calls).toBe(1)
  return seen
}

describe('synchronous code is stopped, and the next task runs', () => {
  test.each(each(endless))('by its %s: %s', async (way, task) => {
    const pool = poolOf()
    await STOPS[way](pool, task, makeView())
    await expect(within(pool.execute('echo', { n: 42 }), 'the next task')).resolves.toEqual({ n: 42 })
    expect(pool.stats().tasks).toMatchObject(way === 'timeout' ? { timedOut: 1 } : { cancelled: 1 })
  })

  test.each(each(endless))('and by its %s in a worker that is kept: %s', async (way, task) => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const before = await visit(pool)
    for (let n = 1; n <= 2; n++) {
      await STOPS[way](pool, task, makeView())
      expect(await visit(pool)).toEqual({ workerId: before.workerId, calls: 1 + n })
    }
    expect(pool.stats().workers.total).toBe(1)
    await expect(within(pool.execute('echo', [/x/, 'text']), 'by message')).resolves.toEqual([/x/, 'text'])
  })

  /** Code that is run to find what a task is: `[what, script, task]`. */
  const FOUND = [
    ['a getter of the exports', "Object.defineProperty(exports, 'task', { get: exports.forever })", 'task'],
    [
      'a getter that is asked for what there is',
      "Object.defineProperty(exports, 'other', { enumerable: true, get: exports.forever })",
      'missing'
    ],
    [
      'the name of a method that is sent as source',
      '',
      { [String(globalThis.forever?.() ?? 'method')]() {} }.method
    ]
  ]

  test.each(FOUND)('while its function is looked for: %s', async (_, code, task) => {
    const file = write(
      'found.cjs',
      `exports.forever = globalThis.forever = () => { for (;;); }
       exports.visit = (_, { workerId }) => workerId
       ${code}`
    )
    const pool = track(new WorkerPool(file, { size: 1, keepWorkerAfterStop: true }))
    const before = await within(pool.execute('visit'), 'a visit')
    const error = await rejection(pool.execute(task, undefined, { timeout: 40 }))
    expect(error.code).toBe('ERR_TASK_TIMEOUT')
    expect(await within(pool.execute('visit'), 'the next task')).toBe(before)
  })

  test.each(WAYS)('by its %s when V8 gets to look: JSON.parse of a huge text', async (way) => {
    const pool = poolOf()
    const view = makeView()
    await STOPS[way](pool, 'parse', { view, size: 5_000_000 }, view)
    await expect(within(pool.execute('echo', 42), 'the next task')).resolves.toBe(42)
  })
})

describe('code that cannot be reached ends with its worker, and the next task runs on another', () => {
  test.each(each(unreachable))('by its %s: %s', async (way, task) => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const before = await visit(pool)
    await STOPS[way](pool, task, makeView())
    const after = await visit(pool)
    expect(after.calls).toBe(1)
    expect(after.workerId).not.toBe(before.workerId)
    expect(pool.stats().workers.total).toBe(1)
  })

  test.each(WAYS)('by its %s, while tasks elsewhere go on', async (way) => {
    const pool = poolOf({ maxWorkers: 2 })
    const view = makeView()
    const innocent = pool.execute('block', { view, value: 'innocent' })
    await begun(view)
    for (const task of unreachable) await STOPS[way](pool, task, makeView())
    raise(view, GO)
    await expect(within(innocent, 'the innocent task')).resolves.toBe('innocent')
  })

  test('the worker that is ended is told of, its other tasks reject', async () => {
    const pool = poolOf({ concurrentTasksPerWorker: 2 })
    const exits = []
    pool.on('workerExit', (news) => exits.push(news))
    const view = makeView()
    const beside = rejection(pool.execute('never', view))
    await begun(view)
    await STOPS.timeout(pool, 'a loop after an await', makeView())
    expect(await beside).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'never' })
    await until(() => exits.length > 0, 'workerExit')
    expect(exits[0].workerId).toBe(1)
  })
})

describe('a worker whose task was stopped', () => {
  const STOPPED = ['a loop', 'a getter in the result', 'never', 'ignores']

  test.each(each(STOPPED))(
    'by its %s (%s) is replaced by a fresh one in the background',
    async (way, task) => {
      const pool = poolOf()
      const started = []
      pool.on('workerStart', ({ workerId }) => started.push(workerId))
      const before = await visit(pool)
      await STOPS[way](pool, task, makeView())
      // Without another task.
      await until(() => started.length === 2, 'the second worker')
      const after = await visitFresh(pool, before)
      expect(started).toEqual([before.workerId, after.workerId])
      await until(() => pool.stats().workers.total === 1, 'the end of the first worker')
      expect(await visit(pool)).toEqual({ workerId: after.workerId, calls: 2 })
    }
  )

  test.each(each(STOPPED))('by its %s (%s) is kept if the pool says so', async (way, task) => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const before = await visit(pool)
    for (let n = 1; n <= 3; n++) {
      await STOPS[way](pool, task, makeView())
      expect(await visit(pool)).toEqual({ workerId: before.workerId, calls: 1 + n })
    }
    expect(pool.stats().workers.total).toBe(1)
  })

  test('goes gracefully, with the exit code 0 and no error', async () => {
    const pool = poolOf()
    const [exits, errors] = [[], []]
    pool.on('workerExit', (news) => exits.push(news))
    pool.on('error', (error) => errors.push(error))
    await STOPS.timeout(pool, 'a loop')
    await until(() => exits.length > 0, 'workerExit')
    expect(exits).toEqual([{ workerId: 1, exitCode: 0, error: undefined }])
    expect(errors).toEqual([])
  })

  test('leaves the workers beside it alone', async () => {
    const pool = poolOf({ maxWorkers: 2 })
    const view = makeView()
    const innocent = pool.execute('block', { view, value: 'innocent' })
    await begun(view)
    for (let n = 0; n < 5; n++) await STOPS.timeout(pool, 'a loop')
    raise(view, GO)
    await expect(within(innocent, 'the innocent task')).resolves.toBe('innocent')
    await until(() => pool.stats().workers.total <= 2, 'no more workers than allowed')
  })
})

describe('a task that answers keeps its worker', () => {
  // It has 10 ms for the answer, which a busy machine may not give it each time.
  test.each(each(['asks', 'listens']))('by its %s: one that %s', async (way, task) => {
    let answers = 0
    for (let n = 0; n < 10 && answers < 3; n++) {
      const [pool, view] = [poolOf(), makeView()]
      const before = await visit(pool)
      await STOPS[way](pool, task, view)
      const after = await visit(pool)
      if (view[HEARD] === 0 || view[BEGUN] === 0) continue
      answers++
      expect(after).toEqual({ workerId: before.workerId, calls: 2 })
      expect(pool.stats().workers.total).toBe(1) // nor has another been asked for
    }
    expect(answers).toBe(3)
  })

  test.each(WAYS)('but one that asks and does not care is stopped all the same, by its %s', async (way) => {
    const pool = poolOf()
    const view = makeView()
    const before = await visit(pool)
    await STOPS[way](pool, 'ignores', view)
    await visitFresh(pool, before)
    expect(view[HEARD]).toBe(view[BEGUN])
  })

  test('`signal` of a task that is stopped before it looks is aborted already', async () => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const view = makeView()
    const late = async (memory, context) => {
      Atomics.add(memory, 0, 1)
      const { setImmediate: turn } = require('node:timers/promises')
      while (!context.aborted) await turn()
      Atomics.store(memory, 2, context.signal.aborted ? 1 : 2)
    }
    await STOPS.signal(pool, late, view)
    await until(() => view[HEARD] > 0, 'the answer')
    expect(view[HEARD]).toBe(1)
  })

  test('a task without any limit has a signal that stays silent', async () => {
    const look = (_, { signal, aborted }) => [signal.aborted, aborted, signal.constructor.name]
    await expect(poolOf().execute(look)).resolves.toEqual([false, false, 'AbortSignal'])
  })
})

describe('what a stopped task does later does no harm', () => {
  test.each(['returns', 'throws'])('it %s', async (how) => {
    const pool = poolOf({ keepWorkerAfterStop: true })
    const { workerId } = await visit(pool)
    const views = Array.from({ length: 20 }, () => makeView())
    for (const view of views) await STOPS.signal(pool, 'late', { view, how }, view)
    const gate = makeView()
    const patient = pool.execute('patient', { view: gate, value: 'mine' })
    await begun(gate)
    for (const view of views) raise(view, GO)
    await until(() => views.every((view) => view[HEARD] === 1), 'the late ends')
    raise(gate, GO)
    await expect(within(patient, 'the patient task')).resolves.toBe('mine')
    const results = Array.from({ length: 50 }, (_, n) => pool.execute('echo', n))
    await expect(within(Promise.all(results), 'the next tasks')).resolves.toEqual(results.map((_, n) => n))
    expect(await visit(pool)).toEqual({ workerId, calls: 2 })
    expect(pool.stats().tasks).toMatchObject({ cancelled: 20, completed: 53, failed: 0 })
  })

  test('its function is not called any more if it could not be called in time', async () => {
    const view = makeView()
    const script = `import { workerData } from 'node:worker_threads'
      let tries = 0
      export async function setup() {
        if (++tries === 1) throw new Error('not yet')
        Atomics.add(workerData, 0, 1)
        while (Atomics.load(workerData, 1) === 0) await new Promise((resolve) => setImmediate(resolve))
        setTimeout(() => setTimeout(() => Atomics.add(workerData, 3, 1), 1), 1)
      }
      export function harm() { Atomics.add(workerData, 2, 1) }`
    const options = { maxWorkers: 1, keepWorkerAfterStop: true, workerData: view }
    const pool = track(new WorkerPool(`data:text/javascript,${encodeURIComponent(script)}`, options))
    await STOPS.signal(pool, 'harm', undefined, view)
    await within(
      pool.execute(() => 1),
      'a task that needs no script'
    ) // the worker has left the other behind
    raise(view, GO)
    await until(() => view[3] > 0, 'the end of the setup')
    expect(view[HEARD]).toBe(0)
  })
})

describe('native tasks stop, and the thread runs the next', () => {
  const data = makeLarge()
  /** Tasks that run for many seconds, by name: `[task, input]`. */
  const tasks = {
    'hash of a large borrowed buffer': ['native:hash', { data, algorithm: 'sha3-256' }],
    'hash of an endless file': ['native:hash', { data: { path: '/dev/zero' } }],
    'compress of an endless file': ['native:compress', { data: { path: '/dev/zero' } }],
    gzip: ['native:compress', { data, algorithm: 'gzip', level: 9 }],
    deflate: ['native:compress', { data, algorithm: 'deflate', level: 9 }],
    brotli: ['native:compress', { data, algorithm: 'brotli', level: 11 }],
    zstd: ['native:compress', { data, algorithm: 'zstd', level: 22 }]
  }
  test.each(each(Object.keys(tasks)))('by its %s: %s', async (way, name) => {
    const pool = poolOf()
    const [task, input] = tasks[name]
    if (way === 'timeout') await STOPS.timeout(pool, task, input)
    else {
      const controller = new AbortController()
      const error = rejection(pool.execute(task, input, { signal: controller.signal }))
      await until(() => pool.stats().nativeThreads.busy === 1, 'the start of the task')
      controller.abort('taken back')
      expect(await error).toBe('taken back')
    }
    await expect(within(pool.execute('native:noop', { data: 'x' }), 'the next task')).resolves.toBe('x')
    expect(pool.stats()).toMatchObject({ nativeThreads: { total: 1, busy: 0 }, queue: { length: 0 } })
  })

  test.each(WAYS)('by its %s: one that waits for a pipe', async (way) => {
    const pool = poolOf()
    const pipe = makePipe()
    const controller = new AbortController()
    const limit = way === 'timeout' ? { timeout: 50 } : { signal: controller.signal }
    const error = rejection(pool.execute('native:hash', { data: { path: pipe.file } }, limit))
    await pipe.reached()
    if (way === 'signal') controller.abort('taken back')
    expect((await error).code ?? (await error)).toBe(way === 'signal' ? 'taken back' : 'ERR_TASK_TIMEOUT')
    await expect(within(pool.execute('native:noop', { data: 'x' }), 'the next task')).resolves.toBe('x')
  })
})

test('where JavaScript cannot be terminated, a worker that does not answer is replaced', async () => {
  const scene = path.join(FIXTURES, 'stopping', 'without-termination.js')
  const env = { ...process.env, THREADMILL_NO_TERMINATE: '1' }
  const { code, timedOut, stdout, stderr } = await runNode([scene], { env, patience: 50_000 })
  expect({ code, timedOut, stderr }).toEqual({ code: 0, timedOut: false, stderr: '' })
  const results = JSON.parse(stdout)
  for (const by of WAYS.map((way) => (way === 'timeout' ? way : 'abort'))) {
    const how = by === 'timeout' ? 'ERR_TASK_TIMEOUT' : 'taken back'
    for (const task of [...endless, ...unreachable, 'ignores'])
      expect([task, results[`${task} by ${by}`]]).toEqual([task, [how, 42, 'another']])
    expect(results[`kept by ${by}`]).toEqual([how, 42, 'same'])
    // They have 10 ms for the answer, which a busy machine may not give them.
    for (const task of ['asks', 'listens'])
      expect([task, results[`${task} by ${by}`].slice(0, 2)]).toEqual([task, [how, 42]])
  }
  expect(results.beside).toEqual(['ERR_TASK_TIMEOUT', 'ERR_WORKER_EXITED', 'innocent'])
}, 60_000)

describe('a task that was left behind and then loops', () => {
  /** A pool that keeps its worker, and whose second, once the first is given up, comes up when it may. */
  function poolWithLateSecond() {
    const file = write(
      'second.cjs',
      `const { workerData } = require('node:worker_threads')
       Object.assign(exports, require(${JSON.stringify(STOPPING)}))
       if (Atomics.add(workerData, 0, 1) === 1) Atomics.wait(workerData, 1, 0)`
    )
    const gate = makeView()
    const pool = track(new WorkerPool(file, { maxWorkers: 1, keepWorkerAfterStop: true, workerData: gate }))
    return { pool, letSecondCome: () => raise(gate, GO) }
  }

  async function leaveBehind(way, pool) {
    const view = makeView()
    await STOPS[way](pool, 'loopsLate', view)
    await within(pool.execute('echo'), 'a task on the worker that has left the other behind')
    raise(view, GO)
    if (view[BEGUN] > 0) await until(() => view[HEARD] > 0, 'the loop')
  }

  test.each(WAYS)('does not keep the next tasks from running: by its %s', async (way) => {
    const { pool, letSecondCome } = poolWithLateSecond()
    await leaveBehind(way, pool)
    const next = pool.execute('echo', 1)
    letSecondCome()
    await expect(within(next, 'the next task')).resolves.toBe(1)
  })

  test('nor a task whose input has been sent to its worker, and cannot be sent again', async () => {
    const { pool, letSecondCome } = poolWithLateSecond()
    await leaveBehind('signal', pool)
    const next = pool.execute('echo', /x/, { timeout: 1000 })
    letSecondCome()
    const error = await rejection(next, 'the next task', 17_000) // it may be reading it, for ten seconds
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'echo' })
    await expect(within(pool.execute('echo', /y/), 'the task after it')).resolves.toEqual(/y/)
  })

  test('nor the pool from closing', async () => {
    const { pool, letSecondCome } = poolWithLateSecond()
    await leaveBehind('signal', pool)
    letSecondCome()
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
    await within(pool.close(), 'close()', 10_000)
  })
})
