'use strict'

const { WorkerPool } = require('..')
const { next } = require('./support/events.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf, track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { turn, until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1 })

/** The script of the worker that this runs in will fail to be torn down. */
const failAtTheEnd = (file) => {
  require(file).teardown = () => {
    throw new Error('no')
  }
}

/** Makes a pool say everything that it can say, and go on. */
const EVERYTHING = `
  const FAIL_AT_THE_END = ${failAtTheEnd}
  const pool = new WorkerPool(TASKS, { maxWorkers: 1, maxQueue: 1, healthInterval: 5, ...options })
  listen(pool)
  const gate = makeGate()
  const held = pool.execute('block', gate)
  await entered(gate)
  const waiting = pool.execute('echo', 'waited') // needsDrain
  const refused = await pool.execute('echo').catch((error) => error.code)
  open(gate)
  await held
  console.log(await waiting, refused) // drain
  await pool.execute(() => { setImmediate(() => { throw new Error('between tasks') }) }) // workerExit
  await until(() => pool.stats().workers.total === 0, 'the end of the worker')
  console.log(await pool.execute('echo', 'again'), pool.needsDrain)
  await delay(50) // health
  await pool.execute(FAIL_AT_THE_END, TASKS) // error
  await pool.close()
  console.log('closed', JSON.stringify(pool.stats().tasks), pool.stats().workers.total)`

const TOLD = `waited ERR_QUEUE_FULL
again false
closed {"submitted":5,"completed":5,"failed":0,"cancelled":0,"timedOut":0,"retried":0} 0
`

describe('listeners', () => {
  test('that throw do not disturb the pool: each throw is an uncaught exception of its own', async () => {
    const body = `
      const options = {}
      const thrown = new Set()
      process.on('uncaughtException', ({ message }) => thrown.add(message))
      const listen = (pool) => {
        for (const event of ['needsDrain', 'drain', 'error', 'workerStart', 'workerExit', 'health'])
          pool.on(event, () => { throw new Error(event) })
      }
      ${EVERYTHING}
      await until(() => thrown.size === 6, 'the sixth exception')
      console.log([...thrown].sort().join())`
    const stdout = `${TOLD}drain,error,health,needsDrain,workerExit,workerStart\n`
    expect(await runProgram(body)).toEqual({ status: 0, timedOut: false, stdout, stderr: '' })
  })

  test('that end the pool are heard out', async () => {
    for (const event of ['workerStart', 'needsDrain', 'workerExit', 'error', 'health']) {
      const pool = poolOf({ maxQueue: 1, healthInterval: 1 })
      const ended = new Promise((resolve) => pool.on(event, () => pool.terminate().then(resolve)))
      const tasks = Promise.allSettled([
        pool.execute(failAtTheEnd, TASKS),
        pool.execute((event) => {
          if (event === 'error') return
          setImmediate(() => {
            throw new Error('between tasks')
          })
        }, event),
        pool.execute('echo')
      ])
      if (event === 'error') tasks.then(() => pool.close())
      await within(ended, `the end by ${event}`)
      await within(tasks, 'the tasks')
    }
  })

  test('may be there for once, or until they are taken off', async () => {
    const pool = poolOf({ maxTasksPerWorker: 1 })
    const heard = { once: 0, on: 0, off: 0 }
    const off = () => heard.off++
    pool.once('workerExit', () => heard.once++)
    pool.on('workerExit', () => heard.on++)
    pool.on('workerExit', off)
    await pool.execute('echo')
    await until(() => heard.on === 1, 'the first exit')
    pool.off('workerExit', off)
    for (let n = 0; n < 2; n++) await pool.execute('echo')
    await until(() => heard.on === 3, 'three exits')
    expect(heard).toEqual({ once: 1, on: 3, off: 1 })
  })

  test('that are taken off just then do not hear any more', async () => {
    const pool = poolOf({ maxQueue: 1 })
    const gate = makeGate()
    const heard = jest.fn()
    const held = pool.execute('block', gate)
    await entered(gate)
    pool.on('needsDrain', heard)
    const waiting = pool.execute('echo')
    expect(pool.needsDrain).toBe(true)
    pool.off('needsDrain', heard)
    await turn()
    expect(heard).not.toHaveBeenCalled()
    open(gate)
    await within(Promise.all([held, waiting]), 'the tasks')
  })

  test('are those of the user alone', () => {
    const pool = poolOf()
    expect(pool.eventNames()).toEqual([])
    pool.on('health', () => {})
    expect(pool.eventNames()).toEqual(['health'])
    pool.removeAllListeners()
    expect(pool.eventNames()).toEqual([])
  })

  test('of events that the user emits hear them', () => {
    const pool = poolOf()
    const heard = jest.fn()
    pool.on('mine', heard)
    pool.emit('mine', 1, 2)
    expect(heard).toHaveBeenCalledWith(1, 2)
  })
})

describe("without a listener of 'error'", () => {
  test('nothing is thrown or printed, whatever goes wrong', async () => {
    const body = `const options = {}, listen = () => {}\n${EVERYTHING}`
    expect(await runProgram(body)).toEqual({ status: 0, timedOut: false, stdout: TOLD, stderr: '' })
  })

  test.each([
    ['no worker can start', "new WorkerPool(TASKS, { size: 2, execArgv: ['--no-such-option'] })"],
    ['the script does not load', "new WorkerPool('data:text/javascript,throw 1', 2)"],
    ['the script exits', "new WorkerPool('data:text/javascript,process.exit(3)', 2)"],
    [
      'setup fails',
      "new WorkerPool('data:text/javascript,export function setup() { throw new Error() }', 2)"
    ],
    [
      'teardown fails',
      "new WorkerPool('data:text/javascript,export function teardown() { throw new Error() }', 2)"
    ]
  ])('nothing is thrown or printed if %s', async (_, pool) => {
    const body = `
      const pool = ${pool}
      await pool.ready().catch(() => {})
      await delay(50)
      await pool.close()
      console.log('closed')`
    expect(await runProgram(body)).toEqual({ status: 0, timedOut: false, stdout: 'closed\n', stderr: '' })
  })
})

describe("with a listener of 'error'", () => {
  test.each([
    ['no worker can start', { size: 2, execArgv: ['--no-such-option'] }, undefined, 'ERR_WORKER_EXITED'],
    ['the script exits as it is loaded', { size: 2 }, 'process.exit(3)', 'ERR_WORKER_EXITED'],
    ['the script does not load', { size: 2 }, 'throw 1', 'ERR_SCRIPT_LOAD'],
    ['setup fails', { size: 2 }, 'export function setup() { throw new Error() }', 'ERR_SCRIPT_LOAD']
  ])('it is told that %s, also if nobody waits for the workers', async (_, options, code, expected) => {
    const script = code === undefined ? TASKS : `data:text/javascript,${code}`
    const pool = track(new WorkerPool(script, options))
    const error = await next(pool, 'error')
    expect(error).toMatchObject({ name: 'PoolError', code: expected })
    expect(await rejection(pool.ready())).toMatchObject({ code: expected })
  })
})
