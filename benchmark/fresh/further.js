'use strict'

// What a worker takes beside others: node further.js <contender> <workers>

const { contender } = require('../contenders/index.js')
const { answer } = require('./answer.js')
const { median } = require('../harness/statistics.js')

/** The pool's workers are kept busy one after the other, so that each next task takes one that is not there yet. */
async function main(id, workers) {
  const library = contender(id)
  await library.load?.()
  const pool = library.create({ from: 1, to: workers + 1 })
  const blocked = []

  async function block() {
    const flags = new Int32Array(new SharedArrayBuffer(8))
    blocked.push({ flags, over: pool.run('block', flags) })
    await Atomics.waitAsync(flags, 0, 0).value
  }

  await pool.run('echo', { a: 1 })
  await block()

  const before = process.memoryUsage.rss()
  const times = []
  for (let i = 0; i < workers; i++) {
    const start = performance.now()
    await pool.run('echo', { a: 1 })
    times.push(performance.now() - start)
    await block()
  }
  const memory = (process.memoryUsage.rss() - before) / workers / 1e6

  for (const { flags } of blocked) {
    Atomics.store(flags, 1, 1)
    Atomics.notify(flags, 1)
  }
  await Promise.all(blocked.map(({ over }) => over))
  answer({ up: median(times), memory })
}

const [id, workers] = process.argv.slice(2)
main(id, Number(workers))
