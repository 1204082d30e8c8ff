'use strict'

// A producer that is faster than its pool, and has more to give than would fit into memory: it pauses when the queue is
// full and goes on when there is room. What fails for a while is tried again.
//
//   node examples/backpressure.js

const { once } = require('node:events')
const { WorkerPool } = require('threadmill')

/** Fails now and then, as services do. */
async function store({ record, failures }, { attempt }) {
  if (attempt <= failures) throw new Error(`attempt ${attempt} failed`)
  return record.length
}

async function main() {
  const pool = new WorkerPool({
    maxWorkers: 2,
    concurrentTasksPerWorker: 8,
    maxQueue: 100,
    retries: { max: 3, delay: 1, factor: 2, jitter: true }
  })
  let stored = 0
  let pauses = 0
  let longest = 0
  const underWay = new Set()
  for (let n = 0; n < 20_000; n++) {
    const task = pool.execute(store, { record: 'x'.repeat(100), failures: n % 100 === 0 ? 2 : 0 })
    underWay.add(task)
    task.then(
      () => {
        stored++
        underWay.delete(task)
      },
      (error) => console.log(`lost: ${error.message}`)
    )
    if (!pool.needsDrain) continue
    pauses++
    longest = Math.max(longest, pool.stats().queue.length)
    await once(pool, 'drain')
  }
  await Promise.all(underWay)
  const { retried } = pool.stats().tasks
  console.log(`${stored} records stored, ${retried} attempts repeated`)
  console.log(`the producer paused ${pauses > 0 ? 'when' : 'never, although'} ${longest} tasks were waiting`)
  await pool.close()
}

main()
