'use strict'

// Workers that count in the same memory. A SharedArrayBuffer is never copied: every task sees the one there is.
// With Atomics no count is lost; with `++` two workers read the same number and one of them counts in vain.
//
//   node examples/shared-counter.js

const { WorkerPool } = require('threadmill')

const WORKERS = 4
const TIMES = 1_000_000

function count({ counters, times }, { workerId }) {
  for (let i = 0; i < times; i++) {
    Atomics.add(counters, 0, 1)
    counters[1]++
  }
  return workerId
}

/** Lets nobody start before all are there. */
function meet({ gate, workers }) {
  Atomics.add(gate, 0, 1)
  Atomics.notify(gate, 0)
  for (let here = 0; (here = Atomics.load(gate, 0)) < workers; ) Atomics.wait(gate, 0, here)
}

async function main() {
  const pool = new WorkerPool({ size: WORKERS })
  await pool.ready()
  const gate = new Int32Array(new SharedArrayBuffer(4))
  await Promise.all(Array.from({ length: WORKERS }, () => pool.execute(meet, { gate, workers: WORKERS })))

  const counters = new Int32Array(new SharedArrayBuffer(8))
  const ids = await Promise.all(
    Array.from({ length: WORKERS }, () => pool.execute(count, { counters, times: TIMES }))
  )
  await pool.close()

  const show = (number) => number.toLocaleString('en').padStart(9)
  console.log(`expected     ${show(WORKERS * TIMES)}, by the workers ${ids.sort((a, b) => a - b).join(', ')}`)
  console.log(`Atomics.add  ${show(counters[0])}`)
  console.log(`++           ${show(counters[1])}`)
}

main()
