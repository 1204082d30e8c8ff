'use strict'

// Who comes first when one worker has a queue: priorities, equals in the order they came, and `aging`, with
// which waiting raises a task until nothing can overtake it any more.
//
//   node examples/priorities.js

const { setImmediate: turn } = require('node:timers/promises')
const { WorkerPool } = require('threadmill')

/** Keeps the worker busy. */
function work({ name, time }) {
  const end = performance.now() + time
  while (performance.now() < end);
  return name
}

async function byPriority() {
  const pool = new WorkerPool({ size: 1 })
  await pool.ready()
  const order = []
  const submit = (level, name) =>
    pool.priority(level, work, { name, time: 20 }).then((done) => order.push(done))
  const first = submit('low', 'low, but the worker was free')
  while (pool.stats().workers.busy === 0) await turn()
  await Promise.all([
    first,
    submit('low', 'low'),
    submit('normal', 'normal a'),
    submit(15, '15'),
    submit('normal', 'normal b'),
    submit('urgent', 'urgent'),
    submit('high', 'high')
  ])
  await pool.close()
  console.log(`Order:\n  ${order.join('\n  ')}\n`)
}

/** How long a low task waits while tasks of high priority keep coming. */
async function underPressure(aging) {
  const pool = new WorkerPool({ size: 1, aging })
  await pool.ready()
  const start = performance.now()
  let pressure = true
  const busy = async () => {
    while (pressure) await pool.priority('high', work, { time: 5 })
  }
  const lanes = [busy(), busy(), busy()]
  const waited = pool.priority('low', work, { time: 5 }).then(() => performance.now() - start)
  setTimeout(() => {
    pressure = false
  }, 1000)
  await Promise.all(lanes)
  await pool.close()
  return waited
}

async function main() {
  await byPriority()
  console.log('A low task while high ones keep coming, for a second:')
  console.log(`  without aging  it was done after ${(await underPressure(0)).toFixed(0)} ms`)
  console.log(`  aging: 10      it was done after ${(await underPressure(10)).toFixed(0)} ms`)
}

main()
