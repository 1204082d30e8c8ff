'use strict'

// Starts a pool, as most begin, and writes down what was compiled for that.

const { once } = require('node:events')
const path = require('node:path')
const workerThreads = require('node:worker_threads')
const { record } = require('./record.js')

const workers = []

/** The pool's workers run the worker's bundle from a file that writes its cache. */
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(_, options) {
    super(path.join(__dirname, 'worker.js'), options)
    workers.push(this)
  }
}

async function main() {
  const { exports, write } = record('threadmill.js')
  const pool = new exports.WorkerPool(path.join(__dirname, 'tasks.js'), { maxWorkers: 1 })
  for (const input of [{ a: 1 }, 'text', [1, 2.5], null]) await pool.execute('echo', input)
  await pool.execute((n) => n + 1, 1)
  await pool.execute(exports.native.noop)

  const [worker] = workers
  worker.postMessage('write')
  await once(worker, 'message')
  write()
  process.exit()
}

main()
