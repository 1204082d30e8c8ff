'use strict'

// What this thread waits for, with a limit: while it is blocked it sees no answer, and a limit that then fires at once has
// not looked for one.

const { readFile } = require('node:fs/promises')
const { WorkerPool } = require('..')
const { Limit, inTime } = require('../lib/limit.js')
const { hear } = require('./support/events.js')
const { write } = require('./support/files.js')
const { makeView, raise } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { blockFor, turn, until, within } = require('./support/waiting.js')

jest.setTimeout(30_000)

/** Resolves by way of several turns of the event loop, none of which can be before this thread is no longer blocked. */
const answer = () => readFile(__filename).then(() => 'answer')

test.each([
  ['from the beginning', 0],
  ['in the middle', 50],
  ['near the end', 90]
])('an answer that came while the thread was blocked, %s, is in time', async (_, before) => {
  const timed = new Promise((resolve) => {
    setTimeout(() => {
      resolve(answer())
      blockFor(300)
    }, before)
  })
  expect(await within(inTime(timed, 100), 'the answer')).toBe('answer')
})

test('one that does not come is not waited for', async () => {
  const error = await rejection(inTime(new Promise(() => {}), 50))
  expect(error.message).toBe('it took longer than 50 milliseconds')
})

test('nor is it for ever by a thread that is blocked again and again', async () => {
  let isOver = false
  const blocks = async () => {
    for (; !isOver; await turn()) blockFor(20)
  }
  const error = rejection(inTime(new Promise(() => {}), 50)).finally(() => {
    isOver = true
  })
  await within(blocks(), 'the end')
  expect((await error).message).toContain('50 milliseconds')
})

test('a limit that is ended does not fire', async () => {
  let hasFired = false
  const limit = new Limit(1, () => {
    hasFired = true
  })
  blockFor(20)
  limit.end()
  for (let n = 0; n < 20; n++) await turn()
  expect(hasFired).toBe(false)
})

test('a blocked main thread takes nobody’s time: of `when`, and of a worker that ends', async () => {
  const view = makeView(2)
  const script = write(
    'teardown.cjs',
    `let view
     exports.keep = (given) => { view = given }
     exports.teardown = async () => {
       Atomics.add(view, 0, 1)
       while (Atomics.load(view, 1) === 0) await new Promise(setImmediate)
     }`
  )
  const [ending, asking] = [track(new WorkerPool(script, 1)), track(new WorkerPool())]
  const heard = hear(ending)
  await within(ending.execute('keep', view), 'the task')
  const closed = ending.close()
  await until(() => view[0] === 1, 'teardown')
  for (let n = 0; n < 20; n++) await turn() // the worker's word that it is about to end has come
  const when = (_, attempt) => {
    raise(view, 1)
    setImmediate(blockFor, 6500)
    return answer().then(() => attempt < 2)
  }
  const fails = () => {
    throw new Error('as ever')
  }
  const error = await rejection(asking.execute(fails, 0, { retries: { max: 1, when } }), 'as ever', 20_000)
  expect(error.message).toBe('as ever')
  await within(closed, 'close()', 20_000)
  await until(() => heard.exited.length > 0, 'workerExit')
  expect(heard).toMatchObject({ errors: [], exited: [{ exitCode: 0, error: undefined }] })
})

test('what tasks have printed comes, although somebody blocks the thread at its end', async () => {
  const { status, stdout, stderr } = await runProgram(`
    const { blockFor } = require('./__test__/support/waiting.js')
    const pool = new WorkerPool({ maxWorkers: 1 })
    let isFirst = true
    await pool.execute(() => { for (let n = 0; n < 2000; n++) console.log(n) })
    process.on('beforeExit', () => {
      if (isFirst) blockFor(1500)
      isFirst = false
    })`)
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout.split('\n').length).toBe(2001)
})
