'use strict'

// What a task that was cut off leaves to those that come after it in the same worker: nothing.

const { ENDING } = require('../lib/wire/layout.js')
const { Results } = require('../lib/worker/results.js')
const { STOP } = require('../lib/worker/stop.js')
const { Task } = require('../lib/worker/task.js')
const { UserCode } = require('../lib/worker/user-code.js')
const { write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { within } = require('./support/waiting.js')

const TIMEOUT = { timeout: 100 }

describe.each([true, false])('with keepWorkerAfterStop: %p', (keepWorkerAfterStop) => {
  const poolOf = poolsOf(undefined, { maxWorkers: 1, keepWorkerAfterStop })

  async function isStopped(pool, task, input) {
    const error = await rejection(pool.execute(task, input, TIMEOUT))
    expect(error.code).toBe('ERR_TASK_TIMEOUT')
  }

  test('a scope of an AsyncResource that nobody has left does not end the process', async () => {
    const pool = poolOf()
    for (let round = 0; round < 3; round++) {
      await isStopped(pool, () => {
        const { AsyncResource } = require('node:async_hooks')
        new AsyncResource('Scope').runInAsyncScope(() => {
          for (;;);
        })
      })
      expect(
        await within(
          pool.execute((n) => n + 1, 41),
          'the next task'
        )
      ).toBe(42)
    }
  })

  test('no store of an AsyncLocalStorage', async () => {
    const pool = poolOf()
    for (let round = 0; round < 5; round++) {
      await isStopped(pool, () => {
        const { AsyncLocalStorage } = require('node:async_hooks')
        globalThis.storage ??= new AsyncLocalStorage()
        globalThis.storage.run('left behind', () => {
          for (;;);
        })
      })
      const seen = await pool.execute(() => String(globalThis.storage?.getStore()))
      const seenLater = await pool.execute(async () => {
        await new Promise((resolve) => setTimeout(resolve))
        return String(globalThis.storage?.getStore())
      })
      expect([seen, seenLater]).toEqual(['undefined', 'undefined'])
    }
  })

  test('no half of a module', async () => {
    const file = write('half.cjs', 'exports.half = 1; while (globalThis.loadsForEver); exports.whole = 2')
    const gate = makeView(1)
    const pool = poolOf()
    await isStopped(
      pool,
      ({ file }) => {
        globalThis.loadsForEver = true
        require(file)
      },
      { file, gate }
    )
    const whole = await pool.execute((file) => {
      globalThis.loadsForEver = false
      return { ...require(file) }
    }, file)
    expect(whole).toEqual({ half: 1, whole: 2 })
  })

  test('no silence where Node warns', async () => {
    const pool = poolOf()
    await pool.execute(() => {
      globalThis.emitWarning = process.emitWarning
      const vm = require('node:vm')
      const { compileFunction } = vm
      vm.compileFunction = (...all) => {
        if (process.emitWarning === globalThis.emitWarning) return compileFunction(...all)
        vm.compileFunction = compileFunction
        for (;;);
      }
    })
    await isStopped(pool, () => import('node:path')) // of which Node would warn: it is kept from that meanwhile
    const goesOn = () => (globalThis.emitWarning ?? process.emitWarning) === process.emitWarning
    expect(await within(pool.execute(goesOn), 'the next task')).toBe(true)
  })

  test("none of Node's globals half loaded", async () => {
    // The first touch loads them, which takes about as long as these tasks may.
    for (let round = 0; round < 10; round++) {
      const pool = poolOf()
      const touch = () => typeof performance.now() + typeof crypto.subtle + typeof TransformStream
      const first = pool.execute(touch, undefined, { timeout: 1 + round }).catch((error) => error.code)
      expect(['ERR_TASK_TIMEOUT', 'numberobjectfunction']).toContain(await within(first, 'the first task'))
      expect(await within(pool.execute(touch), 'the next task')).toBe('numberobjectfunction')
      await pool.terminate()
    }
  })

  test('no result that only a MessagePort carries, to be taken for that of the next', async () => {
    const pool = poolOf()
    for (let round = 0; round < 200; round++) {
      // A RegExp is cloned by the port; this one is sent about when the limit passes.
      const late = (n) => {
        const end = Date.now() + 2
        while (Date.now() < end);
        return new RegExp(`late ${n}`)
      }
      const first = pool.execute(late, round, { timeout: 2 }).then(String, (error) => error.code)
      const next = pool.execute((n) => new RegExp(`next ${n}`), round)
      expect([`/late ${round}/`, 'ERR_TASK_TIMEOUT']).toContain(await within(first, 'the first task'))
      expect(String(await within(next, 'the next task'))).toBe(`/next ${round}/`)
    }
  })
})

// A stop that falls between the sending of a result and the end of the call: too short a time to be met from outside.
test.each([
  ['a result', 'fulfil', /x/],
  ['what was thrown', 'reject', Object.assign(new Error('no'), { pattern: /x/ })]
])(
  '%s that was sent when its task was cut off is still announced, to be taken out of the port',
  (_, way, value) => {
    const sent = []
    const port = {
      send: (message) => {
        sent.push(message)
        port.hasSent = true
      }
    }
    const task = new Task(1, 1, true, undefined)
    const cutOff = new Results(new UserCode(cutOffAfter), port)
    expect([cutOff[way](task, value), sent.length]).toEqual([ENDING.CARGO_REJECTED, 1])
    expect([cutOff[way](task, { plain: 1 }), sent.length]).toEqual([ENDING.STOPPED, 1])
  }
)

/** Stands for a call that is cut off when its code is through. */
function cutOffAfter(_run, code, first, second) {
  code(first, second)
  throw STOP
}
