'use strict'

// A fault of the pool's own, wherever it strikes: the pool ends and says so. No promise is left pending, and the process
// ends. Each scene is a process of its own, with an addon that panics where it is told to.

const { ENVIRONMENT } = require('./support/probe.js')
const { runProgram } = require('./support/processes.js')

/** What every scene begins with, and how it is told. */
const SCENE = (body, options) => `
  const { Faults } = require('./threadmill.testing.node')
  const { outcomeOf } = require('./__test__/support/outcomes.js')
  const pool = new WorkerPool(${JSON.stringify(options)})
  const errors = []
  pool.on('error', (error) => errors.push(error))
  const panicIn = (place) => Faults.panicIn(Faults.newestPool(), place)
  const promises = []
  const run = (...task) => promises.push(pool.execute(...task))
  const pass = (gate) => Atomics.wait(gate, 0, 0)
  await (async () => {${body}})()
  const outcomes = await Promise.all(promises.map(outcomeOf))
  const late = await outcomeOf(pool.execute('native:noop'))
  const failed = [...outcomes, late].filter(({ error }) => error !== undefined)
  await pool.close()
  await pool.terminate()
  console.log(JSON.stringify({
    settled: outcomes.length,
    codes: [...new Set(failed.map(({ code }) => code))],
    causes: [...new Set(failed.map(({ error }) => error.cause?.message ?? error.message))],
    late: late.code,
    told: errors.map(({ code, cause }) => [code, cause.message]),
    message: late.error.message
  }))`

async function report(body, options = {}) {
  const { status, timedOut, stdout, stderr } = await runProgram(SCENE(body, options), {
    env: { ...ENVIRONMENT, RUST_BACKTRACE: '0' }
  })
  if (timedOut || stdout === '') throw new Error(`the scene hangs: ${stdout}${stderr}`)
  expect(status).toBe(0)
  return JSON.parse(stdout)
}

/** Two tasks run, the others wait; one has a limit; then `trigger` leads to the panic. */
const busy = (place, trigger) => `
  const gates = [makeGate(), makeGate()]
  for (const gate of gates) run((gate) => Atomics.wait(gate, 0, 0), gate)
  await until(() => pool.stats().workers.busy === 2, 'both workers at work')
  for (let n = 0; n < 5; n++) run((n) => n, n)
  panicIn(${JSON.stringify(place)})
  ${trigger}`

const openGates = 'gates.forEach(open)'

describe('a panic half way through a step of the scheduler', () => {
  test.each([
    ['submit', 'run(() => 1)'],
    ['next', openGates],
    ['tick', 'run(() => 1, undefined, { queueTimeout: 1 })'],
    [
      'withdraw',
      'const abort = new AbortController(); run(() => 1, 0, { signal: abort.signal }); abort.abort()'
    ],
    [
      'cancel',
      `const abort = new AbortController()
       run(() => new Promise(() => {}), 0, { signal: abort.signal, priority: 'urgent' })
       open(gates[0])
       await until(() => pool.stats().queue.length === 5, 'the run of what is to be cancelled')
       abort.abort()`
    ],
    ['resize', 'pool.resize({ maxWorkers: 3, minWorkers: 3 }).catch(() => {})'],
    ['gone', `run(() => process.exit(1), undefined, { priority: 'urgent' }); ${openGates}`],
    ['close', 'pool.close()']
  ])('in %s ends the pool, and every task is told why', async (place, trigger) => {
    const { causes, codes, late, message, settled, told } = await report(busy(place, trigger), { size: 2 })
    const cause = `a panic in '${place}': a test wants it`
    expect(settled).toBeGreaterThanOrEqual(7)
    expect(codes).toContain('ERR_POOL_TERMINATED')
    expect(causes).toContain(cause)
    expect(late).toBe('ERR_POOL_TERMINATED')
    expect(told).toContainEqual(['ERR_POOL_TERMINATED', cause])
    expect(message).toBe(
      "The task 'native:noop' was given up, as threadmill itself has failed (see the cause); make another pool, and report this"
    )
  })

  test('while nothing is under way ends the pool, too', async () => {
    const { late, told } = await report(`
      await pool.execute(() => 1)
      panicIn('resize')
      pool.resize({ maxWorkers: 1 }).catch(() => {})
      await until(() => errors.length > 0, 'the word of it')`)
    expect(late).toBe('ERR_POOL_TERMINATED')
    expect(told).toHaveLength(1)
  })

  test('with a worker that is asked for in it ends the pool', async () => {
    const { causes, settled } = await report("panicIn('submit'); run(() => 1)", { size: 1 })
    expect({ causes, settled }).toEqual({ causes: ["a panic in 'submit': a test wants it"], settled: 1 })
  })
})

test('a panic between two native tasks ends the pool, also for those that wait', async () => {
  const body = `
    panicIn('native thread')
    for (let n = 0; n < 10; n++) run('native:noop')`
  const { causes, codes, settled } = await report(body, { nativeThreads: 1 })
  expect(settled).toBe(10)
  expect(codes).toEqual(['ERR_POOL_TERMINATED'])
  expect(causes).toEqual(['a panic in native thread 1: a test wants it'])
})

test('a panic in a native step ends the pool under threads that are at work', async () => {
  const body = `
    for (let n = 0; n < 3; n++) run('native:probe-fork', { parts: 100000, rounds: 100000 })
    await until(() => pool.stats().nativeThreads.busy === 2, 'both threads at work')
    panicIn('tick')
    run('native:noop', undefined, { queueTimeout: 1 })`
  const { codes, settled } = await report(body, { nativeThreads: 2 })
  expect(settled).toBe(4)
  expect(codes).toContain('ERR_POOL_TERMINATED') // of the last, the wait may just have been over
})

test('a panic while results are taken loses no promise', async () => {
  const body = `
    for (let n = 0; n < 20; n++) run('native:noop')
    panicIn('drain')`
  const { causes, codes, settled } = await report(body)
  expect(settled).toBe(20)
  expect(codes).toEqual(['ERR_POOL_TERMINATED'])
  expect(causes).toEqual(["a panic in 'drain': a test wants it"])
})

test('a panic in one pool leaves another as it is', async () => {
  const body = `
    const other = new WorkerPool({ size: 1 })
    await other.execute(() => 1)
    panicIn('next') // of the other, which was made last
    const lost = outcomeOf(other.execute(() => 1))
    run(() => 5)
    if (await promises[0] !== 5) throw new Error('the first pool is hit')
    if ((await lost).code !== 'ERR_POOL_TERMINATED') throw new Error('the other is not')
    await other.close()
    await pool.close()`
  const { late, told } = await report(body)
  expect({ late, told }).toEqual({ late: 'ERR_POOL_CLOSED', told: [] })
})
