'use strict'

const { availableParallelism } = require('node:os')
const { WorkerPool } = require('threadmill')
const { compress, hash } = require('threadmill/native')

const calls = {
  words: (pool, file) => pool.execute('words', file),
  hash: (pool, file) => pool.execute(hash, { data: { path: file }, algorithm: 'sha256' }),
  compress: (pool, file) => pool.execute(compress, { data: { path: file }, algorithm: 'gzip' })
}

// The script's function on workers; hash and compress on native threads, which read the files themselves.
module.exports = {
  title: 'Threadmill',
  inFlight: availableParallelism() * 32,
  open() {
    const pool = new WorkerPool('../job.js', { niceIncrement: 10 }) // the event loop goes first
    return {
      run: (task, file) => calls[task](pool, file),
      close: () => pool.close()
    }
  }
}
