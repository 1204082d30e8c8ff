'use strict'

const { write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { poolsOf } = require('./support/pools.js')
const { PATIENCE, until } = require('./support/waiting.js')

const single = poolsOf(undefined, { maxWorkers: 1 })

const scriptPool = (content, options) => single({ script: write('tasks.cjs', content), ...options })

describe('a worker’s own life goes on between tasks', () => {
  const TICKING = `
    const { workerData: ticks } = require('node:worker_threads')
    setInterval(() => Atomics.add(ticks, 0, 1), 1)
    exports.run = (n) => n
    exports.runLater = async (n) => n`
  const makeTicks = () => makeView(1)

  test('timers fire while it is idle', async () => {
    const ticks = makeTicks()
    const pool = scriptPool(TICKING, { workerData: ticks })
    await pool.execute('run')
    await until(() => Atomics.load(ticks, 0) >= 5, 'the fifth tick')
  })

  test.each(['run', 'runLater'])('timers fire under an unbroken stream of tasks: %s', async (name) => {
    const ticks = makeTicks()
    const pool = scriptPool(TICKING, { workerData: ticks })
    await pool.execute('run')
    const batch = () => Promise.all(Array.from({ length: 2000 }, (_, n) => pool.execute(name, n)))
    const deadline = performance.now() + PATIENCE
    // Two batches are always under way, so that the worker never runs out of tasks.
    let current = batch()
    const goal = Atomics.load(ticks, 0) + 20
    let batches = 0
    while (Atomics.load(ticks, 0) < goal || batches < 3) {
      if (performance.now() > deadline)
        throw new Error(`only ${Atomics.load(ticks, 0)} ticks during ${batches} batches of tasks`)
      const next = batch()
      await current
      current = next
      batches++
    }
    await current
  })

  test('its messages arrive under an unbroken stream of tasks', async () => {
    const heard = makeTicks()
    const pool = scriptPool(
      `const { workerData: heard } = require('node:worker_threads')
       const { port1, port2 } = new MessageChannel()
       port1.on('message', (n) => { Atomics.add(heard, 0, 1); if (n < 20) port2.postMessage(n + 1) }).unref()
       exports.start = () => port2.postMessage(1)
       exports.run = (n) => n`,
      { workerData: heard }
    )
    await pool.execute('start')
    const deadline = performance.now() + PATIENCE
    let current = []
    while (Atomics.load(heard, 0) < 20) {
      if (performance.now() > deadline) throw new Error(`only ${heard[0]} messages were heard`)
      const next = Array.from({ length: 1000 }, (_, n) => pool.execute('run', n))
      await Promise.all(current)
      current = next
    }
    await Promise.all(current)
  })

  test('what a task leaves in the microtask queue runs before the next task', async () => {
    const pool = scriptPool(`
      let done = 0
      exports.leave = () => { Promise.resolve().then(() => { done++ }) }
      exports.done = () => done`)
    const results = []
    for (let n = 0; n < 20; n++) {
      pool.execute('leave')
      results.push(pool.execute('done'))
    }
    expect(await Promise.all(results)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  })
})
