'use strict'

// A task that is over while something of it is still on its way: nobody else is hit by that. Each scene is one that
// was found to go wrong.

const { WorkerPool } = require('..')
const { makeGate, open } = require('./support/gates.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { expectNext, track } = require('./support/pools.js')
const { blockFor, within } = require('./support/waiting.js')

const pass = (view) => Atomics.wait(view, 0, 0)

async function busyPool(options) {
  const pool = track(new WorkerPool({ size: 1, ...options }))
  await within(pool.ready(), 'ready()')
  const gate = makeGate()
  const first = pool.execute(pass, gate)
  return { pool, first, open: () => open(gate) }
}

test('an input is sent once, also to the successor in the slot of a task that was aborted before its worker was served', async () => {
  for (let round = 0; round < 3; round++) {
    const { pool, first, open } = await busyPool()
    const controller = new AbortController()
    const [small, large] = [new ArrayBuffer(8), new ArrayBuffer(16)]
    const options = { transfer: [small], signal: controller.signal }
    const aborted = rejection(pool.execute((buffer) => buffer.byteLength, small, options))
    open()
    blockFor(100) // the worker has asked for the input of the second task, and nobody has heard
    controller.abort()
    const next = pool.execute((buffer) => buffer.byteLength, large, { transfer: [large] })
    blockFor(100) // and now of the third, in the same slot
    expect((await aborted).name).toBe('AbortError')
    expect(await within(next, 'the next task')).toBe(16)
    await first
  }
})

test('a task that waited too long while its input was read, and whose input cannot be read, leaves its slot in order', async () => {
  const { pool, open } = await busyPool()
  const buffer = new ArrayBuffer(8)
  const input = {
    buffer,
    get slow() {
      blockFor(100)
      throw new Error('cannot be read')
    }
  }
  const failed = rejection(pool.execute(() => {}, input, { transfer: [buffer], queueTimeout: 10 }))
  const others = [1, 2, 3].map((n) => pool.execute((n) => n, n))
  open()
  expect((await failed).code).toBe('ERR_NOT_SERIALIZABLE')
  expect(await within(Promise.all(others), 'the others')).toEqual([1, 2, 3])
  await within(pool.close(), 'close()')
})

test('an error that cannot be read, of a task that might be tried again', async () => {
  const pool = track(new WorkerPool({ size: 1, resourceLimits: { stackSizeMb: 200 } }))
  const fail = () => {
    let deep = {}
    for (let depth = 0; depth < 60_000; depth++) deep = { deep }
    throw Object.assign(new Error('deep'), { deep })
  }
  const asked = []
  const when = (error) => asked.push(error.code) > 1
  const error = await rejection(pool.execute(fail, undefined, { retries: { max: 1, when } }))
  expect([error.code, asked]).toEqual(['ERR_NOT_SERIALIZABLE', ['ERR_NOT_SERIALIZABLE']])
  await expectNext(pool)
  await within(pool.close(), 'close()')
})

test('what a worker died of may have no words', async () => {
  const pool = track(new WorkerPool({ size: 1 }))
  const error = await rejection(
    pool.execute(() => {
      setTimeout(() => {
        throw { message: { toString: 1, valueOf: 1 } }
      })
      return new Promise(() => {})
    })
  )
  expect(error.code).toBe('ERR_WORKER_EXITED')
  await expectNext(pool)
})

test.each(['close', 'signal'])('a task whose `when` has not answered is taken back by %s', async (way) => {
  const pool = track(new WorkerPool({ size: 1 }))
  const runs = makeView(1)
  const controller = new AbortController()
  let answer
  const asked = new Promise((resolve) => {
    answer = resolve
  })
  let release
  const when = () => {
    answer()
    return new Promise((resolve) => {
      release = resolve
    })
  }
  const { signal } = controller
  const task = rejection(
    pool.execute(
      (runs) => {
        Atomics.add(runs, 0, 1)
        throw new Error('once')
      },
      runs,
      { retries: { max: 3, when }, signal }
    )
  )
  await within(asked, 'the question')
  if (way === 'signal') controller.abort('enough')
  const closed = pool.close({ cancelQueued: true })
  const error = await task
  expect(way === 'signal' ? error : error.code).toBe(way === 'signal' ? 'enough' : 'ERR_POOL_CLOSED')
  await within(closed, 'close()')
  release(true)
  expect(runs[0]).toBe(1)
})
