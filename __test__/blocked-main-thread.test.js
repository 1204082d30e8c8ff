// Deadlines are kept by a thread of Rust: none of these tests lets the event loop of the main thread turn between
// the submission and what it looks for in shared memory.

const { makeView, raise } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { poolsOf } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { BEGUN, GO, HEARD, begun } = require('./support/stopping.js')
const { blockFor, delay, waitSync, within } = require('./support/waiting.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })

/** A pool whose worker is up, so that nothing needs the main thread. */
async function warm(options) {
  const pool = poolOf(options)
  await Promise.all([
    pool.execute('echo'),
    pool.execute('mark', { view: makeView(), index: 0 }),
    pool.execute('native:noop'),
    pool.ready()
  ])
  return pool
}

describe('while the main thread is blocked, a task is stopped at the end of its time and the next one runs', () => {
  // The next one needs a worker that is there: only the main thread can start one.
  const kept = [{ keepWorkerAfterStop: true }, { spareWorkers: 1 }]
  const tasks = [
    'a loop',
    'a loop that catches everything',
    'a catastrophic regular expression',
    'a loop in WebAssembly',
    'a wait for shared memory',
    'a getter in the result',
    'a getter of then',
    'never',
    'asks',
    'ignores',
    'listens'
  ]
  test.each(kept.flatMap((options) => tasks.map((task) => [task, options])))(
    '%s, %o',
    async (task, options) => {
      const pool = await warm(options)
      const view = makeView()
      const stopped = rejection(pool.execute(task, view, { timeout: 50 }))
      const next = pool.execute('mark', { view, index: 3 })
      expect(waitSync(view, 3, 1)).toBe(true)
      expect(await stopped).toMatchObject({ code: 'ERR_TASK_TIMEOUT', task })
      await within(next, 'the next task')
    }
  )

  test('a native task', async () => {
    const pool = await warm()
    const pipe = makePipe()
    const stopped = rejection(pool.execute('native:hash', { data: { path: '/dev/zero' } }, { timeout: 50 }))
    const next = pool.execute('native:hash', { data: { path: pipe.file }, algorithm: 'crc32' })
    expect(pipe.reachedSync()).toBe(true)
    expect(await stopped).toMatchObject({ code: 'ERR_TASK_TIMEOUT', task: 'native:hash' })
    pipe.release('abc')
    await expect(within(next, 'the next task')).resolves.toBe('352441c2')
  })

  test('one among tasks that await at the same worker, which go on', async () => {
    const pool = await warm({ concurrentTasksPerWorker: 3, keepWorkerAfterStop: true })
    const view = makeView()
    const patient = [1, 2].map((value) => pool.execute('patient', { view, value }))
    expect(waitSync(view, BEGUN, 2)).toBe(true)
    const stopped = rejection(pool.execute('never', view, { timeout: 50 }))
    const next = pool.execute('mark', { view, index: 3 })
    expect(waitSync(view, 3, 1)).toBe(true)
    raise(view, GO)
    expect(await stopped).toMatchObject({ code: 'ERR_TASK_TIMEOUT', task: 'never' })
    await expect(within(Promise.all([...patient, next]), 'the others')).resolves.toEqual([1, 2, undefined])
    expect(Atomics.load(view, HEARD)).toBe(0)
  })
})

describe('while the main thread is blocked', () => {
  test('attempt follows attempt, each stopped at the end of its time', async () => {
    const pool = await warm({ keepWorkerAfterStop: true })
    const view = makeView()
    const options = { timeout: 30, retries: { max: 4, delay: 10 } }
    const result = pool.execute('hangsFirst', { view, hangs: 3 }, options)
    expect(waitSync(view, 3, 1)).toBe(true)
    await expect(within(result, 'the fourth attempt')).resolves.toBe(4)
  })

  test('what waits too long never runs, though its worker has become free', async () => {
    const pool = await warm()
    const [view, late] = [makeView(), makeView()]
    const holder = pool.execute('block', { view, value: 1 })
    expect(waitSync(view, BEGUN, 1)).toBe(true)
    const options = { queueTimeout: 30 }
    const tasks = [1, 2, 3].map(() => rejection(pool.execute('mark', { view: late, index: 0 }, options)))
    const last = pool.execute('mark', { view, index: 3 })
    blockFor(300)
    raise(view, GO)
    expect(waitSync(view, 3, 1)).toBe(true)
    expect(late[0]).toBe(0)
    for (const error of await Promise.all(tasks)) expect(error).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
    await within(Promise.all([holder, last]), 'the others')
  })

  test('an input that only this thread could hand over waits, too: the task expires, and the worker goes on', async () => {
    const pool = await warm()
    const view = makeView()
    const holder = pool.execute('block', { view, value: 1 })
    expect(waitSync(view, BEGUN, 1)).toBe(true)
    const byMessage = rejection(pool.execute('echo', /x/, { queueTimeout: 50 }))
    const next = pool.execute('mark', { view, index: 3 })
    raise(view, GO) // the worker asks for the input, which nobody sends
    expect(waitSync(view, 3, 1)).toBe(true)
    expect(await byMessage).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT', task: 'echo' })
    await expect(within(Promise.all([holder, next]), 'the others')).resolves.toEqual([1, undefined])
    await expect(within(pool.execute('echo', /y/), 'the next by message')).resolves.toEqual(/y/)
  })

  test('hundreds of tasks are stopped one after the other', async () => {
    const pool = await warm({ keepWorkerAfterStop: true })
    const view = makeView()
    const tasks = Array.from({ length: 300 }, (_, n) =>
      rejection(pool.execute(n % 3 ? 'a loop' : 'never', view, { timeout: 0.5 }))
    )
    const last = pool.execute('mark', { view, index: 3 })
    expect(waitSync(view, 3, 1)).toBe(true)
    const errors = await Promise.all(tasks)
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['ERR_TASK_TIMEOUT']))
    await within(last, 'the last task')
  })
})

test('what was submitted long before the main thread looks again has its times counted by the clock', async () => {
  const pool = await warm()
  const view = makeView()
  const task = pool.execute('work', { view, milliseconds: 100, value: 'done' }, { timeout: 5000 })
  blockFor(400) // it ends meanwhile, and nobody has read that
  await expect(within(task, 'the result')).resolves.toBe('done')
  await begun(view)
  await delay(0)
  expect(pool.stats().tasks.timedOut).toBe(0)
})
