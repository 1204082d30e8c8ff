const fs = require('node:fs')
const path = require('node:path')
const { WorkerPool, PoolError } = require('..')
const { temporaryDirectory } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { outcomeOf, rejection } = require('./support/outcomes.js')
const { poolsOf, track } = require('./support/pools.js')
const { MORTAL } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

// What may go wrong, at every moment of a task's life: the task is told, and nobody else suffers.

const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 }

const poolOf = poolsOf(MORTAL, { maxWorkers: 1, resourceLimits: LIMITS })

const EXITED = { name: 'PoolError', code: 'ERR_WORKER_EXITED' }
const DIED = { ...EXITED, cause: { name: 'RangeError', message: 'it went wrong' } }
const OUT_OF_MEMORY = {
  name: 'PoolError',
  code: 'ERR_WORKER_OUT_OF_MEMORY',
  cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' }
}
const FAILED = { name: 'RangeError', message: 'it went wrong' }
const UNSENDABLE = {
  name: 'PoolError',
  code: 'ERR_NOT_SERIALIZABLE',
  cause: { name: 'RangeError', message: 'it went wrong' }
}
const TIMED_OUT = { name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT' }

/** Every task is over and counted once, nobody waits, and no worker is one too many. */
async function expectOrder(pool, maxWorkers) {
  const { tasks, queue } = pool.stats()
  expect(tasks.submitted).toBe(tasks.completed + tasks.failed + tasks.cancelled + tasks.timedOut)
  expect(queue).toMatchObject({ length: 0, held: 0, byPriority: {} })
  await until(() => pool.stats().workers.total <= maxWorkers, 'the end of workers beyond the maximum')
  await until(() => pool.stats().workers.busy === 0, 'the end of every run')
  await expect(within(pool.execute('echo', 'next'), 'the next task')).resolves.toBe('next')
  await expect(within(pool.execute('echo', /next/), 'the next task by message')).resolves.toEqual(/next/)
  await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
  expect(pool.stats().workers.total).toBeLessThanOrEqual(maxWorkers)
  await within(pool.close(), 'close()')
  expect(pool.stats().workers.total).toBe(0)
}

/** Tasks that wait behind another: some by Rust, some by message. */
function submitOthers(pool) {
  const inputs = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? /x/ : { n }))
  return {
    inputs,
    results: within(Promise.all(inputs.map((input) => pool.execute('echo', input))), 'the others')
  }
}

/** Runs a task that goes wrong, with others behind it. Resolves to how it ended. */
async function suffer(pool, task, input, options) {
  const fate = within(outcomeOf(pool.execute(task, input, options)), 'the end of the task')
  const { inputs, results } = submitOthers(pool)
  const { value, error } = await fate
  await expect(results).resolves.toEqual(inputs)
  return { value, error }
}

function expectError(error, expected, task = 'die') {
  expect(error).toMatchObject(expected)
  if (!(error instanceof PoolError)) return
  expect(error.task).toBe(task)
  expect(error.message.length).toBeGreaterThan(10)
}

describe('while the function runs', () => {
  test.each([
    ['in a synchronous function', 'fail', FAILED],
    ['in a synchronous function', 'reject', FAILED],
    ['in a synchronous function', 'exit', EXITED],
    ['in a synchronous function', 'hoard', OUT_OF_MEMORY],
    ['in an asynchronous function', 'fail', FAILED],
    ['in an asynchronous function', 'reject', FAILED],
    ['in an asynchronous function', 'exit', EXITED],
    ['in an asynchronous function', 'hoard', OUT_OF_MEMORY],
    ['in a timer that it waits for', 'fail', DIED],
    ['in a timer that it waits for', 'reject', DIED],
    ['in a timer that it waits for', 'exit', EXITED],
    ['in a timer that it waits for', 'hoard', OUT_OF_MEMORY],
    ['in a promise nobody handles', 'fail', DIED],
    ['in a promise nobody handles', 'exit', EXITED],
    ['in a promise nobody handles', 'hoard', OUT_OF_MEMORY]
  ])('%s: %s', async (moment, death, expected) => {
    const pool = poolOf()
    const { error } = await suffer(pool, 'die', { moment, death })
    expectError(error, expected)
    if (expected === EXITED) expect(error.message).toContain('code 7')
    await expectOrder(pool, 1)
  })
})

describe('while the result is encoded', () => {
  test.each([
    ['in a getter of its result', 'fail', UNSENDABLE],
    ['in a getter of its result', 'exit', EXITED],
    ['in a getter of its result', 'hoard', OUT_OF_MEMORY],
    ['in a getter of its result that goes by message', 'fail', UNSENDABLE],
    ['in a getter of its result that goes by message', 'exit', EXITED],
    ['in a getter of its result that goes by message', 'hoard', OUT_OF_MEMORY],
    ['in a getter of an asynchronous result', 'fail', UNSENDABLE],
    ['in a getter of an asynchronous result', 'exit', EXITED],
    ['in a getter of an asynchronous result', 'hoard', OUT_OF_MEMORY],
    // An error's properties are best effort: it is told of without those that cannot be read.
    ['in a getter of its error', 'fail', { name: 'Error' }],
    ['in a getter of its error', 'exit', EXITED],
    ['in a getter of its error', 'hoard', OUT_OF_MEMORY],
    // Looking for `then` is a part of awaiting the result, so that what it throws is the task's rejection.
    ['in `then` of its result', 'fail', FAILED],
    ['in `then` of its result', 'exit', EXITED],
    ['in `then` of its result', 'hoard', OUT_OF_MEMORY]
  ])('%s: %s', async (moment, death, expected) => {
    const pool = poolOf()
    const { error } = await suffer(pool, 'die', { moment, death })
    expectError(error, expected)
    await expectOrder(pool, 1)
  })
})

describe('while it settles', () => {
  const RETURNED = undefined

  test.each([
    // Microtasks and ticks run before the result is encoded: they belong to the task, which fails with its worker.
    ['in a microtask that it leaves behind', 'exit', EXITED],
    ['in a microtask that it leaves behind', 'hoard', OUT_OF_MEMORY],
    ['in a tick that it leaves behind', 'exit', 'either'],
    // What comes in a later turn of the event loop comes too late for the task: its result is there.
    ['in an immediate that it leaves behind', 'fail', RETURNED],
    ['in an immediate that it leaves behind', 'exit', RETURNED],
    ['in an immediate that it leaves behind', 'hoard', RETURNED],
    ['in a timer that it leaves behind', 'fail', RETURNED],
    ['in a timer that it leaves behind', 'exit', RETURNED],
    ['in a timer that it leaves behind', 'hoard', RETURNED],
    ['in an immediate that its promise leaves behind', 'exit', RETURNED],
    ['in an immediate that its promise leaves behind', 'fail', RETURNED],
    // A promise that nobody handles is told of once the microtasks are through, also by then.
    ['in a microtask that it leaves behind', 'fail', 'either'],
    ['in a microtask that it leaves behind', 'reject', 'either']
  ])('%s: %s', async (moment, death, expected) => {
    const pool = poolOf()
    // Alone, as what it leaves behind may come while another task awaits its input on the same worker.
    const { value, error } = await within(
      outcomeOf(pool.execute('die', { moment, death })),
      'the end of the task'
    )
    if (expected === 'either') expect(value ?? error.code).toMatch(/^(returned|ERR_WORKER_EXITED)$/)
    else if (expected === RETURNED) expect({ value, error }).toEqual({ value: 'returned' })
    else expectError(error, expected)
    await until(() => pool.stats().workers.total === 0, 'the end of the worker')
    const { inputs, results } = submitOthers(pool)
    await expect(results).resolves.toEqual(inputs)
    await expectOrder(pool, 1)
  })

  test.each(['in an immediate that it leaves behind', 'in a timer that it leaves behind'])(
    'tasks behind one that exits %s run, on that worker or the next',
    async (moment) => {
      const pool = poolOf()
      const first = pool.execute('die', { moment, death: 'exit' })
      const others = Array.from({ length: 3000 }, (_, n) => pool.execute('echo', { n }))
      await expect(within(first, 'the task')).resolves.toBe('returned')
      const results = await within(Promise.all(others), 'the others')
      expect(results.every(({ n }, index) => n === index)).toBe(true)
      await expectOrder(pool, 1)
    }
  )
})

describe('told to stop', () => {
  const reason = new Error('the reason')

  const moments = [
    ['in a synchronous function', 'loop'],
    ['in an asynchronous function', 'loop'],
    ['in a timer that it waits for', 'loop'],
    ['in a getter of its result', 'loop'],
    ['in a getter of its result that goes by message', 'loop'],
    ['in a getter of an asynchronous result', 'loop'],
    ['in a getter of its error', 'loop'],
    ['in `then` of its result', 'loop'],
    ['in a microtask that it leaves behind', 'loop']
  ]

  test.each(moments)('by its time limit, %s', async (moment, death) => {
    const pool = poolOf()
    const { error } = await suffer(pool, 'die', { moment, death }, { timeout: 100 })
    expectError(error, TIMED_OUT)
    expect(pool.stats().tasks).toMatchObject({ timedOut: 1, failed: 0 })
    await expectOrder(pool, 1)
  })

  test.each(moments)('by its signal, %s', async (moment, death) => {
    const pool = poolOf()
    const gate = makeGate()
    const controller = new AbortController()
    entered(gate).then(() => controller.abort(reason))
    const { error } = await suffer(pool, 'die', { moment, death, gate }, { signal: controller.signal })
    expect(error).toBe(reason)
    expect(pool.stats().tasks).toMatchObject({ cancelled: 1, failed: 0 })
    await expectOrder(pool, 1)
  })

  test.each([
    ['by its time limit', () => ({ timeout: 60 }), TIMED_OUT],
    ['by its signal', () => ({ signal: AbortSignal.timeout(60) }), { name: 'TimeoutError' }]
  ])('%s, while it awaits what never comes', async (_, makeOptions, expected) => {
    const pool = poolOf()
    const { error } = await suffer(pool, 'never', undefined, makeOptions())
    expectError(error, expected, 'never')
    await expectOrder(pool, 1)
  })
})

describe('while the input is decoded', () => {
  const nest = (levels) => {
    let value = /x/
    for (let level = 0; level < levels; level++) value = [value]
    return value
  }

  test('it nests deeper than the stack of its worker', async () => {
    const pool = poolOf({ resourceLimits: { ...LIMITS, stackSizeMb: 0.4 } })
    const { error } = await suffer(pool, 'count', nest(1000))
    const expected = { name: 'PoolError', code: 'ERR_NOT_SERIALIZABLE', cause: { name: 'RangeError' } }
    expectError(error, expected, 'count')
    expect(error.message).toContain('cannot be read')
    await expectOrder(pool, 1)
  })

  test.each([
    ['by Rust', () => Array.from({ length: 400_000 }, (_, n) => ({ n, list: [n, n + 0.5] }))],
    ['by message', () => [/x/, ...Array.from({ length: 400_000 }, (_, n) => ({ n, list: [n, n + 0.5] }))]]
  ])('it is larger than the memory of its worker: %s', async (_, make) => {
    const pool = poolOf()
    const { error } = await suffer(pool, 'count', make())
    expectError(error, OUT_OF_MEMORY, 'count')
    await expectOrder(pool, 1)
  })

  test.each([
    ['by Rust', () => Array.from({ length: 100_000 }, (_, n) => ({ n }))],
    ['by message', () => [/x/, ...Array.from({ length: 100_000 }, (_, n) => ({ n }))]]
  ])('its time is over before its input is read: %s', async (_, make) => {
    const pool = poolOf({ resourceLimits: undefined })
    // The function would never end, so it does not matter how soon the limit is looked at.
    const { error } = await suffer(pool, 'loop', make(), { timeout: 0.01 })
    expectError(error, TIMED_OUT, 'loop')
    await expectOrder(pool, 1)
  })

  test.each([
    ['by Rust', { a: 1 }],
    ['by message', /x/]
  ])('it is taken back at once: %s', async (_, input) => {
    const pool = poolOf()
    await pool.execute('echo', 1)
    for (let n = 0; n < 20; n++) {
      const controller = new AbortController()
      const task = rejection(pool.execute('echo', input, { signal: controller.signal }))
      const { inputs, results } = submitOthers(pool)
      controller.abort('enough')
      expect(await task).toBe('enough')
      await expect(results).resolves.toEqual(inputs)
    }
    // One may have run meanwhile; its caller is told the same.
    expect(pool.stats().tasks.failed).toBe(0)
    await expectOrder(pool, 1)
  })
})

describe('while the script loads', () => {
  /** A script that goes wrong the first time that it is loaded, or always. */
  function write(statement, always = false) {
    const directory = temporaryDirectory()
    const file = path.join(directory, 'script.cjs')
    const mark = JSON.stringify(path.join(directory, 'loaded'))
    const first = `(() => { const is = !fs.existsSync(${mark}); fs.writeFileSync(${mark}, ''); return is })()`
    fs.writeFileSync(
      file,
      `const fs = require('node:fs')
if (${always ? true : first}) { ${statement} }
module.exports = require(${JSON.stringify(MORTAL)})`
    )
    return file
  }

  const HOARD = 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))'

  test.each([
    ['it exits', 'process.exit(7)', EXITED],
    ['it runs out of memory', HOARD, OUT_OF_MEMORY],
    ['it takes too long', 'for (;;);', { code: 'ERR_SCRIPT_LOAD' }]
  ])('%s: the tasks that wait for it fail, and later ones run', async (_, statement, expected) => {
    const pool = track(
      new WorkerPool(write(statement), { maxWorkers: 1, startTimeout: 1500, resourceLimits: LIMITS })
    )
    const errors = await Promise.all([1, /x/, 3].map((input) => rejection(pool.execute('echo', input))))
    for (const error of errors) expectError(error, expected, 'echo')
    const { inputs, results } = submitOthers(pool)
    await expect(results).resolves.toEqual(inputs)
    await expectOrder(pool, 1)
  })

  test('it throws: every task is told', async () => {
    const script = write("throw new RangeError('it went wrong')", true)
    const pool = track(new WorkerPool(script, { maxWorkers: 1 }))
    const errors = await Promise.all([1, /x/, 3].map((input) => rejection(pool.execute('echo', input))))
    for (const error of errors) {
      expectError(error, { name: 'PoolError', code: 'ERR_SCRIPT_LOAD', cause: FAILED }, 'echo')
    }
    await within(pool.close(), 'close()')
    expect(pool.stats().tasks).toMatchObject({ submitted: 3, failed: 3 })
  })

  test('a task is taken back: others run once it is loaded', async () => {
    const gate = makeGate()
    const script = write(
      "const { workerData } = require('node:worker_threads'); Atomics.wait(workerData, 0, 0)"
    )
    const pool = track(new WorkerPool(script, { maxWorkers: 1, workerData: gate }))
    const controller = new AbortController()
    const task = rejection(pool.execute('echo', 1, { signal: controller.signal, timeout: 1 }))
    const late = rejection(pool.execute('echo', 1, { queueTimeout: 10 }))
    const { inputs, results } = submitOthers(pool)
    controller.abort('enough')
    expect(await task).toBe('enough')
    expect(await late).toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' })
    open(gate)
    await expect(results).resolves.toEqual(inputs)
    await expectOrder(pool, 1)
  })
})
