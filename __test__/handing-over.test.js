'use strict'

// Memory and functions that the engine is given, and refuses: freed once, whoever was to free them, and the pool says
// why. Each scene is a process of its own, in which Node's or the engine's call fails where it is told to.

const { ENVIRONMENT } = require('./support/probe.js')
const { runProgram } = require('./support/processes.js')

/** Where V8's own way to take memory is not found, Node's is asked, which may refuse. */
const BY_NODE = { THREADMILL_NO_BORROW: '1' }

const PROLOGUE = `
  const { Faults } = require('./threadmill.testing.node')
  const { outcomeOf } = require('./__test__/support/outcomes.js')
  const collect = async () => {
    for (let n = 0; n < 5; n++) {
      gc()
      await delay(1)
    }
  }
  const shown = ({ value, error, code }) =>
    error === undefined ? value : { code, name: error.name, task: error.task, cause: error.cause?.message }
  /** What was handed over meanwhile, and what of it was freed. */
  const counted = async (during) => {
    const [given, freed] = Faults.handedOver()
    await during()
    await collect()
    const [givenThen, freedThen] = Faults.handedOver()
    return { given: givenThen - given, freed: freedThen - freed }
  }`

async function play(body, variables = {}) {
  const { status, timedOut, stdout, stderr } = await runProgram(PROLOGUE + body, {
    env: { ...ENVIRONMENT, ...variables },
    flags: ['--expose-gc'],
    patience: 15_000
  })
  if (timedOut || stdout === '') throw new Error(`the scene hangs: ${stdout}${stderr}`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

const REFUSED = { code: 'ERR_OUT_OF_MEMORY', name: 'PoolError', task: 'native:probe-arrays' }

describe.each([
  ['before it has done anything', 'array buffer'],
  ['after it has freed it', 'array buffer, freed'],
  ['and frees it later', 'array buffer, freed later']
])('an output that the engine refuses %s', (_, place) => {
  test.each([
    ['alone', 'one', 1],
    ['the first of several', 'list', 1]
  ])('is freed once: %s', async (_, shape, given) => {
    const { outcome, next, memory } = await play(
      `
      const pool = new WorkerPool({ nativeThreads: 1 })
      const arrays = (shape) => pool.execute('native:probe-arrays', { length: 10_000, shape })
      await arrays('one')
      await collect()
      let outcome
      Faults.refuse(${JSON.stringify(place)})
      const memory = await counted(async () => {
        outcome = shown(await outcomeOf(arrays('${shape}')))
      })
      const next = (await arrays('one')).length
      await pool.close()
      console.log(JSON.stringify({ outcome, next, memory }))`,
      BY_NODE
    )
    expect(outcome).toEqual({ ...REFUSED, cause: expect.stringContaining('ArrayBuffer') })
    expect(memory).toEqual({ given, freed: given })
    expect(next).toBe(10_000)
  })
})

test('an output is copied where the runtime refuses foreign memory, and freed once', async () => {
  const { same, memory } = await play(
    `
    const pool = new WorkerPool({ nativeThreads: 1 })
    let same
    Faults.refuse('foreign memory')
    const memory = await counted(async () => {
      const numbers = await pool.execute('native:probe-arrays', { length: 10_000 })
      same = numbers.every((number, at) => number === at)
    })
    await pool.close()
    console.log(JSON.stringify({ same, memory }))`,
    BY_NODE
  )
  expect({ same, memory }).toEqual({ same: true, memory: { given: 1, freed: 1 } })
})

test.each([
  ['V8', {}],
  ['Node', BY_NODE]
])('outputs that %s has taken, and that are kept and dropped, are freed once each', async (_, variables) => {
  const { kept, after } = await play(
    `
    const pool = new WorkerPool({ nativeThreads: 1 })
    const list = () => pool.execute('native:probe-arrays', { length: 10_000, shape: 'list' })
    let all
    const kept = await counted(async () => {
      all = await list()
      await list()
    })
    const after = await counted(async () => {
      all = undefined
    })
    await pool.close()
    console.log(JSON.stringify({ kept, after }))`,
    variables
  )
  expect(kept.given).toBe(26)
  expect(kept.freed + after.freed).toBe(26)
  expect(after).toEqual({ given: 0, freed: 26 - kept.freed })
})

describe('a pool for which the engine refuses', () => {
  test.each([
    ['to wake its event loop', 'event loop', 'cannot be woken', '0'],
    ['to wake its event loop by Node-API', 'event loop', 'cannot be woken', '1'],
    ['a function', 'function', 'a test wants it', '0'],
    ['a function, and wakes by Node-API', 'function', 'a test wants it', '1']
  ])('%s, says so, and leaves nothing', async (_, place, words, THREADMILL_NO_LIBUV) => {
    const { outcome, next, memory } = await play(
      `
      const memory = await counted(async () => {
        Faults.refuse(${JSON.stringify(place)})
        try {
          new WorkerPool()
        } catch (error) {
          globalThis.outcome = shown({ error, code: error.code })
        }
        await delay(1)
      })
      const pool = new WorkerPool({ nativeThreads: 1 })
      const next = await pool.execute('native:hash', { data: '' , algorithm: 'crc32' })
      await pool.close()
      console.log(JSON.stringify({ outcome, next, memory }))`,
      { THREADMILL_NO_LIBUV }
    )
    expect(outcome).toEqual({
      code: 'ERR_OUT_OF_MEMORY',
      name: 'PoolError',
      cause: expect.stringContaining(words)
    })
    expect(next).toBe('00000000')
    expect(memory).toEqual({ given: 1, freed: 1 })
  })

  test('to wake a worker, tells the task', async () => {
    const { outcome, next } = await play(`
      const pool = new WorkerPool({ maxWorkers: 1 })
      pool.on('error', () => {})
      Faults.refuse('event loop')
      const outcome = shown(await outcomeOf(pool.execute((n) => n + 1, 1)))
      const next = await pool.execute((n) => n + 1, 1)
      await pool.close()
      console.log(JSON.stringify({ outcome, next }))`)
    expect(outcome).toMatchObject({ code: 'ERR_WORKER_EXITED', name: 'PoolError' })
    expect(next).toBe(2)
  })
})
