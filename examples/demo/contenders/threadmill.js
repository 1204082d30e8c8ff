'use strict'

const { availableParallelism } = require('node:os')
const { WorkerPool } = require('threadmill')

const inputs = {
  words: (file) => file,
  hash: (file) => ({ data: { path: file }, algorithm: 'sha256' }),
  compress: (file) => ({ data: { path: file }, algorithm: 'gzip' })
}

// The script's function on workers; hash and compress on native threads, which read the files themselves.
module.exports = {
  title: 'Threadmill',
  inFlight: availableParallelism() * 32,
  open() {
    const pool = new WorkerPool('../job.js')
    return {
      run: (task, file) => pool.execute(task, inputs[task](file)),
      close: () => pool.close()
    }
  }
}
