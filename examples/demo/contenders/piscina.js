'use strict'

const { availableParallelism } = require('node:os')
const path = require('node:path')
const { Piscina } = require('piscina')

const threads = availableParallelism()

// node:worker_threads behind a pool; hash and compress are node:crypto and node:zlib in the workers.
module.exports = {
  title: 'Piscina',
  inFlight: threads * 32,
  open() {
    const filename = path.join(__dirname, '../job.js')
    const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads })
    return {
      run: (task, file) => pool.run(file, { name: task }),
      close: () => pool.destroy()
    }
  }
}
