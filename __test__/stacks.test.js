const { WorkerPool } = require('..')
const { BUNDLES } = require('../lib/place.js')
const { rejection } = require('./support/outcomes.js')
const { keep, track } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')

const pool = keep(new WorkerPool(TASKS, 1))

/** The frames of the package itself. A function of source has been compiled in there, which its frame tells. */
const ownFrames = ({ stack }) =>
  stack
    .replaceAll(/\(eval at [^)]*\)/g, '')
    .split('\n')
    .filter((line) => line.includes(BUNDLES))

describe('a stack', () => {
  test.each([
    ['that throws at once', () => pool.execute(() => JSON.parse('{'))],
    ['that throws after an await', () => pool.execute(async () => JSON.parse(await '{'))],
    ['that throws and may be stopped', () => pool.execute(() => JSON.parse('{'), 0, { timeout: 10_000 })],
    ['with a cause', () => pool.execute(() => [1].map(() => JSON.parse('{')))]
  ])('of a task %s has its frames, and its caller, and no other', async (_how, run) => {
    async function callerOfTheTask() {
      return await run()
    }
    const error = await rejection(callerOfTheTask())
    expect(error).toBeInstanceOf(SyntaxError)
    expect(ownFrames(error)).toEqual([])
    const lines = error.stack.split('\n')
    expect(lines[1]).toBe('    at JSON.parse (<anonymous>)')
    const border = lines.indexOf('    at execute (in the thread that submitted the task)')
    expect(border).toBeGreaterThan(2)
    expect(lines.slice(border).join()).toContain('callerOfTheTask')
    expect(lines.slice(1, border).join()).not.toMatch(/node:|callHandler|runInAsyncScope/)
  })

  test.each([
    [
      'ERR_TASK_TIMEOUT',
      () =>
        pool.execute(
          () => {
            for (;;);
          },
          0,
          { timeout: 1 }
        )
    ],
    ['ERR_WORKER_EXITED', () => pool.execute(() => process.exit(3))],
    ['ERR_NOT_SERIALIZABLE', () => pool.execute(() => () => 1)],
    ['ERR_NOT_SERIALIZABLE', () => pool.execute('any', () => 1)],
    ['ERR_TASK_NOT_FOUND', () => pool.execute('noSuchTask')],
    ['ERR_INVALID_ARG_VALUE', () => pool.run(1, { noSuchOption: 1 })],
    ['ERR_INVALID_ARG_TYPE', () => pool.priority([], 'any')],
    ['ERR_INVALID_ARG_TYPE', () => pool.execute('native:hash', { data: 1 })],
    ['ERR_POOL_CLOSED', () => closed.run()]
  ])('of %s leads to the caller, with no frame of the package', async (code, run) => {
    async function callerOfTheTask() {
      return await run()
    }
    const error = await rejection(callerOfTheTask())
    expect(error.code).toBe(code)
    expect(error.stack.startsWith(`${error.name}: ${error.message}\n`)).toBe(true)
    expect(error.stack).toContain('callerOfTheTask')
    expect(ownFrames(error)).toEqual([])
  })

  test.each([
    ['the constructor', () => new WorkerPool({ sise: 1 })],
    ['the constructor, of the script', () => new WorkerPool('./no-such-script.mjs')],
    ['resize()', () => pool.resize({ maxWorkers: 'many' })],
    ['close()', () => pool.close({ timeout: 'long' })],
    ['ready() of a pool that is closed', () => closed.ready()],
    ['resize() of one', () => closed.resize({ maxWorkers: 2 })]
  ])('of what %s refuses begins with the caller', async (_what, call) => {
    const caller = async () => call()
    const error = await rejection(caller())
    expect(error.name).toBe('PoolError')
    expect(error.stack.split('\n    at ')[1]).toContain('stacks.test.js')
    expect(ownFrames(error)).toEqual([])
  })

  const closed = new WorkerPool()
  beforeAll(() => closed.close())

  test('of a PoolError that a function of a user causes shows that function', async () => {
    function ender(doomed) {
      return doomed.terminate()
    }
    const doomed = track(new WorkerPool())
    const task = rejection(doomed.execute(() => new Promise(() => {})))
    ender(doomed)
    expect((await task).stack).toMatch(/^PoolError: The task .*\n {4}at [^\n]*stacks\.test\.js/)
  })

  test('of an error that only the package has a part in stays as it is', async () => {
    const error = await rejection(pool.execute('native:decompress', { data: 'no gzip' }))
    expect(error.code).toBe('ERR_CORRUPT_DATA')
    expect(error.stack).toMatch(/^PoolError: /)
  })
})

describe('the reason of a signal', () => {
  test('is rejected with as it is, however many tasks share it', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { stack } = reason
    const held = track(new WorkerPool({ maxWorkers: 1 }))
    const tasks = Array.from({ length: 200 }, () =>
      rejection(held.execute(() => new Promise(() => {}), 0, { signal: controller.signal }))
    )
    const native = rejection(held.execute('native:noop', undefined, { signal: controller.signal }))
    controller.abort(reason)
    for (const error of await Promise.all([native, ...tasks])) expect(error).toBe(reason)
    expect(reason.stack).toBe(stack)
  })
})

test('ready() that rejects for two callers tells each of its own call', async () => {
  const broken = track(
    new WorkerPool({ script: 'data:text/javascript,throw new Error("broken")', minWorkers: 1 })
  )
  const [one, other] = await Promise.all([rejection(broken.ready()), rejection(broken.ready())])
  expect(one.code).toBe('ERR_SCRIPT_LOAD')
  expect(other).not.toBe(one)
  for (const { code, message, stack } of [one, other]) {
    expect([code, message]).toEqual([one.code, one.message])
    expect(stack.match(/^ {4}at ready$/gm)?.length).toBe(1)
    expect(stack).not.toContain('execute')
  }
})

describe('the error of a task arrives, whatever the program has made of stacks:', () => {
  const program = (settings) => `
    const { WorkerPool } = require(${FACE})
    ${settings}
    const pool = new WorkerPool({ maxWorkers: 1 })
    const endless = () => { for (;;); }
    const run = async (task, options) => {
      try { await pool.execute(task, undefined, options) } catch (error) { return error }
    }
    ;(async () => {
      const own = await run(() => { throw new RangeError('words') })
      const late = await run(endless, { timeout: 1 })
      const wrong = await run(1)
      console.log(own.name, own.message, '|', late.name, late.code, '|', wrong.code)
      await pool.close()
    })()`
  const expected = 'RangeError words | TimeoutError ERR_TASK_TIMEOUT | ERR_INVALID_ARG_TYPE\n'

  test.each([
    ['Error.prepareStackTrace that answers frames', 'Error.prepareStackTrace = (_, frames) => frames'],
    ['one that answers nothing', 'Error.prepareStackTrace = () => undefined'],
    ['one that throws', "Error.prepareStackTrace = () => { throw new Error('no stacks') }"],
    ['no Error.stackTraceLimit', 'delete Error.stackTraceLimit'],
    ['a limit of 0', 'Error.stackTraceLimit = 0'],
    ['a limit that is no number', "Error.stackTraceLimit = 'many'"],
    ['Error that is frozen', 'Object.freeze(Error)']
  ])('%s', async (_what, settings) => {
    expect((await outputOf(['-e', program(settings)])).stdout).toBe(expected)
  })

  test('--frozen-intrinsics', async () => {
    const { stdout } = await outputOf(['--frozen-intrinsics', '-e', program('')])
    expect(stdout).toBe(expected)
  })

  test('a script beside the caller is found with frozen intrinsics, too', async () => {
    const code = `
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool('./__test__/fixtures/life/tasks.cjs', { maxWorkers: 1 })
      pool.execute(() => 'found').then((found) => { console.log(found); return pool.close() })`
    const { stdout } = await outputOf(['--frozen-intrinsics', '-e', code], { cwd: JSON.parse(FACE) })
    expect(stdout).toBe('found\n')
  })

  test('an error that `when` has frozen', async () => {
    const frozen = []
    const when = (error) => {
      frozen.push(Object.freeze(error))
      return false
    }
    const task = pool.execute(
      () => {
        throw new RangeError('words')
      },
      0,
      { retries: { max: 1, when } }
    )
    const error = await rejection(task)
    expect(error).toBe(frozen[0])
    expect(error).toMatchObject({ name: 'RangeError', message: 'words' })
  })

  test('and settings that the pool changes for a moment are what they were', async () => {
    const code = `
      const { WorkerPool } = require(${FACE})
      delete Error.stackTraceLimit
      const before = JSON.stringify(Object.getOwnPropertyDescriptors(Error))
      const pool = new WorkerPool('./__test__/fixtures/life/tasks.cjs', { maxWorkers: 1 })
      pool.execute(() => { throw 1 }).catch(() => {
        console.log(JSON.stringify(Object.getOwnPropertyDescriptors(Error)) === before)
        return pool.close()
      })`
    expect((await outputOf(['-e', code], { cwd: JSON.parse(FACE) })).stdout).toBe('true\n')
  })
})
