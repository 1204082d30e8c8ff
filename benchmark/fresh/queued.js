'use strict'

// What a waiting task takes, its promise included: node --expose-gc queued.js <contender> <tasks>

const { contender } = require('../contenders/index.js')
const { answer } = require('./answer.js')
const { setTimeout: sleep } = require('node:timers/promises')

const memory = () => process.memoryUsage.rss()

async function main(id, tasks) {
  const library = contender(id)
  await library.load?.()
  const pool = library.create({ workers: 1 })
  await Promise.all(Array.from({ length: 1000 }, () => pool.run('echo', 1)))

  // The only worker is busy: whatever comes now waits.
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const blocker = pool.run('block', flags)
  while (Atomics.load(flags, 0) === 0) await sleep(1)

  const promises = new Array(tasks).fill(undefined)
  global.gc()
  const before = memory()
  for (let i = 0; i < tasks; i++) promises[i] = pool.run('echo', 1)
  const after = memory()
  global.gc()
  const collected = memory()

  Atomics.store(flags, 1, 1)
  Atomics.notify(flags, 1)
  await blocker
  await promises[0]
  answer({ submitted: (after - before) / tasks, kept: (collected - before) / tasks })
}

const [id, tasks] = process.argv.slice(2)
main(id, Number(tasks))
