'use strict'

// Nothing that has crossed is kept alive on either side, nor a pool that nobody holds.

const { runProgram } = require('./support/processes.js')
const { hasList } = require('./support/threads.js')

/** Of tests that count threads. */
const withList = hasList ? test : test.skip
const SKIPPED = hasList ? '' : ' (skipped: only Linux lists threads in /proc)'

async function print(body) {
  const result = await runProgram(
    `const { setImmediate: turn } = require('node:timers/promises')
     const { countThreads: threads } = require('./__test__/support/threads.js')
     const memory = () => (gc(), process.memoryUsage())
     ${body}`,
    { flags: ['--expose-gc'], patience: 30_000 }
  )
  expect(result).toMatchObject({ timedOut: false, status: 0, stderr: '' })
  return JSON.parse(result.stdout)
}

test('a value with references is let go of by both sides', async () => {
  const left = await print(`
    const pool = new WorkerPool({ size: 1 })
    const task = (input) => {
      globalThis.given = new WeakRef(input)
      const result = { big: new Array(1000).fill(1) }
      result.self = result
      return result
    }
    let input = { list: [1, 2, 3] }
    input.self = input
    const given = new WeakRef(input)
    let result = await pool.execute(task, input)
    const taken = new WeakRef(result)
    input = result = undefined
    for (let n = 0; n < 4; n++) await turn()
    gc()
    const there = await pool.execute(async () => {
      for (let n = 0; n < 4; n++) await new Promise((resolve) => setImmediate(resolve))
      gc()
      return globalThis.given.deref() === undefined
    })
    console.log(JSON.stringify([there, given.deref() === undefined, taken.deref() === undefined]))
    await pool.close()`)
  expect(left).toEqual([true, true, true])
})

test.each([
  ['text', "'x'.repeat(50e6)", '(text) => text.length', 1],
  [
    'text that was thrown upon',
    "{ text: 'x'.repeat(50e6), get broken() { throw new Error('broken') } }",
    '() => 1',
    1
  ],
  ['a list of numbers', 'new Array(5e6).fill(0.5)', '(list) => list.length', 1],
  ['text that came back', '1', "() => 'x'.repeat(50e6)", 1],
  ['a list that came back', '1', '() => new Array(5e6).fill(0.5)', 1]
])('the last large message is let go of: %s', async (_name, input, task) => {
  const [grown] = await print(`
    const pool = new WorkerPool({ size: 1 })
    await pool.execute(() => {}, 1)
    const sum = ({ heapUsed, external }) => heapUsed + external
    const before = sum(memory())
    await pool.execute(${task}, ${input}).catch(() => {})
    let grown = sum(memory()) - before
    for (let n = 0; n < 400 && grown > 10e6; n++) {
      await delay(5) // the engine frees memory on a thread of its own
      grown = sum(memory()) - before
    }
    console.log(JSON.stringify([grown]))
    await pool.close()`)
  expect(grown).toBeLessThan(10e6)
})

describe('a pool that nobody holds', () => {
  const SETTLED = `
    const settled = async (is) => {
      for (let n = 0; n < 1000 && !is(); n++) {
        await delay(5) // what a WeakRef was asked for stays for as long
        gc()
        await turn()
      }
      return is()
    }`

  withList(
    `and that has nothing to do is ended, its workers and native threads with it${SKIPPED}`,
    async () => {
      const [before, during, ended, after] = await print(`
      ${SETTLED}
      const faces = []
      const use = async () => {
        const pool = new WorkerPool({ size: 1, nativeThreads: 1 })
        pool.on('error', () => pool.stats()) // what listens may know it
        faces.push(new WeakRef(pool))
        await pool.execute((n) => n, 1)
        await pool.execute('native:noop')
      }
      const first = new WorkerPool({ size: 1 })
      await first.execute((n) => n, 1)
      await first.execute('native:noop') // which has the timer's thread started, for all pools
      await first.close()
      const before = threads()
      for (let n = 0; n < 5; n++) await use()
      const during = threads() - before
      const ended = await settled(() => faces.every((face) => face.deref() === undefined) && threads() <= before)
      console.log(JSON.stringify([0, during, ended, threads() - before]))`)
      expect(before).toBe(0)
      expect(during).toBeGreaterThanOrEqual(10)
      expect([ended, after <= 0]).toEqual([true, true])
    }
  )

  test('is held as long as it has something to do', async () => {
    const results = await print(`
      const run = () => new WorkerPool({ size: 1 }).execute(async (milliseconds) => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds))
        return 'done'
      }, 300)
      const natively = () => new WorkerPool({ nativeThreads: 1 }).execute('native:hash', { data: Buffer.alloc(3e7) })
      const promises = [run(), natively()]
      const closing = new WorkerPool({ size: 1 }).close()
      const ready = new WorkerPool({ size: 1 }).ready()
      for (let n = 0; n < 20; n++) {
        gc()
        await turn()
      }
      await Promise.all([closing, ready])
      const [done, digest] = await Promise.all(promises)
      console.log(JSON.stringify([done, digest.length > 10]))`)
    expect(results).toEqual(['done', true])
  })

  test('leaves the process free to end', async () => {
    const result = await print(`
      new WorkerPool({ size: 2 })
      await new WorkerPool({ size: 1 }).execute((n) => n, 1)
      gc()
      console.log(JSON.stringify('over'))`)
    expect(result).toBe('over')
  })

  withList(`many of them leave next to nothing behind${SKIPPED}`, async () => {
    const [perPool] = await print(`
      ${SETTLED}
      let alive = 0
      const registry = new FinalizationRegistry(() => alive--)
      const make = async (count) => {
        for (let n = 0; n < count; n++) {
          const pool = new WorkerPool({ nativeThreads: 1 })
          alive++
          registry.register(pool, 0)
          await pool.execute('native:noop')
        }
      }
      const base = threads()
      await make(20)
      await settled(() => alive === 0 && threads() <= base + 1)
      const before = memory().heapUsed
      await make(200)
      await settled(() => alive === 0 && threads() <= base + 1)
      await delay(50)
      console.log(JSON.stringify([(memory().heapUsed - before) / 200]))`)
    expect(perPool).toBeLessThan(8_000)
  })
})

test('native threads that have idled for idleTimeout end, and others come when there is something to do', async () => {
  const [during, ended, result] = await print(`
    const pool = new WorkerPool({ nativeThreads: 2, idleTimeout: 20 })
    const data = Buffer.alloc(1e6)
    await Promise.all([1, 2].map(() => pool.execute('native:hash', { data })))
    const during = pool.stats().nativeThreads.total
    let ended = false
    for (let n = 0; n < 2000 && !ended; n++) {
      await delay(5)
      ended = pool.stats().nativeThreads.total === 0
    }
    const digest = await pool.execute('native:hash', { data: 'x' })
    for (let n = 0; n < 30; n++) {
      await pool.execute('native:noop')
      if (n % 10 === 0) await delay(30)
    }
    console.log(JSON.stringify([during > 0, ended, digest.length > 10]))
    await pool.close()`)
  expect([during, ended, result]).toEqual([true, true, true])
})
