'use strict'

// A task leaves something behind that blocks its worker once the task is over.

const { WorkerPool } = require('..')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { makeView, raise } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

const SCRIPT = () =>
  write(
    'leaves.cjs',
    `const { block } = require(${JSON.stringify(require.resolve('./support/gates.js'))})
     const [TOLD, TURNS] = [0, 1]
     exports.leave = ({ hold, gate, view }, { workerId }) => {
       block(hold)
       const turn = () => {
         Atomics.add(view, TURNS, 1)
         if (Atomics.load(view, TOLD) === 0) setTimeout(turn, 1)
         else block(gate)
       }
       setTimeout(turn, 1)
       return workerId
     }
     exports.whoever = (_, { workerId }) => workerId
     exports.length = (bytes) => bytes.byteLength`
  )

const [TOLD, TURNS] = [0, 1]

/** A pool that is up, one of whose workers is blocked, which fell idle last; and which that is. */
async function poolWithBlockedWorker(options, task = undefined) {
  const pool = track(new WorkerPool(SCRIPT(), options))
  await within(pool.ready(), 'ready()')
  const [hold, gate] = [makeGate(), makeGate()]
  const view = makeView(2)
  const leaves = pool.execute('leave', { hold, gate, view }, task)
  await entered(hold)
  if (options.size === 2) await within(pool.execute('whoever'), 'a task on the other worker')
  open(hold)
  const blocked = await within(leaves, 'the task that leaves something behind')
  const turns = Atomics.load(view, TURNS)
  await until(() => Atomics.load(view, TURNS) > turns + 2, 'turns of its event loop') // it sleeps
  raise(view, TOLD)
  await entered(gate)
  return { pool, blocked }
}

test.each(['shared', 'round-robin', 'least-loaded'])(
  "a task waits for no worker that is blocked while another is idle: strategy '%s'",
  async (strategy) => {
    const { pool, blocked } = await poolWithBlockedWorker({ size: 2, strategy })
    for (const n of range(5)) {
      const worker = await within(pool.execute('whoever', n), `task ${n}`)
      expect(worker).not.toBe(blocked)
    }
    await within(Promise.all(range(20).map((n) => pool.execute('whoever', n))), 'tasks at once')
    expect(pool.stats()).toMatchObject({ queue: { length: 0 } })
  }
)

test('nor if another can be started', async () => {
  const { pool, blocked } = await poolWithBlockedWorker({ minWorkers: 1, maxWorkers: 2 })
  await expect(within(pool.execute('whoever'), 'the task')).resolves.not.toBe(blocked)
})

test('the only worker is replaced if it does not come', async () => {
  const { pool, blocked } = await poolWithBlockedWorker({ size: 1 })
  await expect(within(pool.execute('whoever'), 'the task')).resolves.not.toBe(blocked)
})

test("which 'workerExit' tells of, and not 'error', for which others' promises would reject", async () => {
  const { pool, blocked } = await poolWithBlockedWorker({ size: 1 })
  const errors = []
  pool.on('error', (error) => errors.push(error))
  const exit = new Promise((resolve) => {
    pool.once('workerExit', resolve)
  })
  await within(pool.execute('whoever'), 'the task')
  await expect(within(exit, "'workerExit'")).resolves.toMatchObject({
    workerId: blocked,
    error: { code: 'ERR_WORKER_EXITED', message: expect.stringContaining('left behind') }
  })
  expect(errors).toEqual([])
})

test('and so is one that tasks of a key belong to', async () => {
  const { pool, blocked } = await poolWithBlockedWorker({ size: 2 }, { affinity: 'a' })
  const next = pool.execute('whoever', 0, { affinity: 'a' })
  await expect(within(next, 'the task of its key')).resolves.not.toBe(blocked)
})

test('what was transferred to a worker that is blocked is lost with it, and its task says so', async () => {
  const { pool } = await poolWithBlockedWorker({ size: 2 })
  const bytes = new Uint8Array(100)
  const sent = pool.execute('length', bytes, { transfer: [bytes.buffer] })
  const error = await rejection(sent, 'the task', 17_000) // ten seconds, and what a busy machine adds
  expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'length' })
  const more = new Uint8Array(100)
  await expect(within(pool.execute('length', more, { transfer: [more.buffer] }), 'the next')).resolves.toBe(
    100
  )
})

test('a pool whose worker is blocked closes', async () => {
  const { pool } = await poolWithBlockedWorker({ size: 2 })
  await within(pool.close(), 'close()')
})
