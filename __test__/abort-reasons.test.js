'use strict'

const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

// What a task finds in `context.signal.reason` when it is told to stop. Each of these tasks keeps that where the next
// task of its worker, which lives on, finds it.

const poolOf = poolsOf(undefined, { maxWorkers: 1 })

/** Listens to its signal from the start. */
const listens = (view, { signal }) =>
  new Promise((resolve) => {
    globalThis.reasons ??= []
    signal.addEventListener('abort', () => {
      globalThis.reasons.push(signal.reason)
      resolve()
    })
    Atomics.add(view, 0, 1)
  })

/** Asks in a loop, and looks at its signal only then. */
const asks = (view, context) => {
  new AbortController().abort() // Node makes it when it is first touched
  Atomics.add(view, 0, 1)
  while (!context.aborted);
  globalThis.reasons = [context.signal.reason]
}

const CUT_OFF = 'it did not answer in time'

const throwReason = (cutOff) => {
  throw globalThis.reasons === undefined ? cutOff : globalThis.reasons[0]
}

/** What the task found, thrown. On a busy machine it may be cut off before it has kept that. */
async function reasonOf(...given) {
  for (;;) {
    const reason = await reasonOnce(...given)
    if (reason !== CUT_OFF) return reason
  }
}

async function reasonOnce(task, given) {
  const controller = new AbortController()
  const { options = { signal: controller.signal }, abort = () => {} } = given
  const pool = poolOf()
  await pool.execute(() => 'up')
  const view = makeView(1)
  const ended = rejection(pool.execute(task, view, typeof options === 'function' ? options() : options))
  await until(() => Atomics.load(view, 0) > 0, 'the beginning of the task')
  abort(controller)
  await ended
  return rejection(pool.execute(throwReason, CUT_OFF), 'the reason')
}

describe.each([
  ['that listens', listens],
  ['that asks in a loop', asks]
])('a task %s finds as the reason', (_, task) => {
  test('of a timeout an error that is named so', async () => {
    const reason = await reasonOf(task, { options: { timeout: 30 } })
    expect(reason).toMatchObject({ name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT' })
    expect(reason.message).toContain('timeout')
  })

  test.each([
    ['text', 'enough'],
    ['a number', 0],
    ['null', null],
    ['an object', { by: 'user', at: new Map([[1, 2]]) }]
  ])('of an abort what the caller gave: %s', async (_, given) => {
    const reason = await reasonOf(task, { abort: (controller) => controller.abort(given) })
    expect(reason).toEqual(given)
  })

  test('an error with its name, code and cause', async () => {
    const given = Object.assign(new RangeError('enough', { cause: 1 }), { code: 'ERR_ENOUGH' })
    const reason = await reasonOf(task, { abort: (controller) => controller.abort(given) })
    expect(reason).toMatchObject({ name: 'RangeError', message: 'enough', code: 'ERR_ENOUGH', cause: 1 })
  })

  test('nothing given: an AbortError, as the signal itself has', async () => {
    const reason = await reasonOf(task, { abort: (controller) => controller.abort() })
    expect([reason.name, reason.message]).toEqual(['AbortError', AbortSignal.abort().reason.message])
  })

  test('that of AbortSignal.timeout(): its TimeoutError, not that of a task', async () => {
    const reason = await reasonOf(task, { options: () => ({ signal: AbortSignal.timeout(300) }) })
    expect(reason.name).toBe('TimeoutError')
    expect(reason.code).not.toBe('ERR_TASK_TIMEOUT')
  })

  test('one that cannot be cloned in words', async () => {
    const given = Object.assign(new Error('enough'), { act() {} })
    const reason = await reasonOf(task, { abort: (controller) => controller.abort(given) })
    expect(reason.message).toBe('enough')
    expect(typeof reason.act).toBe('string')
  })
})

test('each of the tasks on one worker finds its own reason', async () => {
  const pool = poolOf({ concurrentTasksPerWorker: 3 })
  const view = makeView(1)
  const controllers = ['a', 'b', 'c'].map(() => new AbortController())
  const ended = controllers.map(({ signal }) => rejection(pool.execute(listens, view, { signal })))
  await until(() => Atomics.load(view, 0) === 3, 'the beginning of the tasks')
  for (const [index, controller] of controllers.entries()) controller.abort(index)
  await Promise.all(ended)
  const reasons = () => globalThis.reasons.length === 3 && globalThis.reasons
  await until(async () => await pool.execute(reasons), 'the reasons')
  expect((await pool.execute(reasons)).sort()).toEqual([0, 1, 2])
})

test('a getter in the reason may do what it likes', async () => {
  const pool = poolOf({ concurrentTasksPerWorker: 2 })
  const view = makeView(1)
  const controller = new AbortController()
  let other
  const given = Object.defineProperty(new Error('enough'), 'cause', {
    get() {
      other ??= pool.execute(() => 'other')
      controller.abort('again')
      throw new Error('not for you')
    }
  })
  const task = rejection(pool.execute(listens, view, { signal: controller.signal }))
  await until(() => Atomics.load(view, 0) === 1, 'the beginning of the task')
  controller.abort(given)
  expect(await task).toBe(given)
  expect(await within(other, 'the other task')).toBe('other')
  await within(pool.close(), 'close()')
})
