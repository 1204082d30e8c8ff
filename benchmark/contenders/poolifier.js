'use strict'

const { once } = require('node:events')
const os = require('node:os')
const path = require('node:path')
const { FixedThreadPool } = require('poolifier')

const script = path.join(__dirname, '../workers/poolifier.js')

// Its defaults are its fastest: with `enableTasksQueue` it runs about half as many of these tasks a second.
module.exports = {
  id: 'poolifier',
  title: 'poolifier',
  peer: true,
  create({ workers = os.availableParallelism() } = {}) {
    const pool = new FixedThreadPool(workers, script)
    return {
      run: (task, input, transfer) =>
        transfer === undefined ? pool.execute(input, task) : pool.execute(input, task, undefined, transfer),
      // With several workers, its own promise may wait for ever for one that is gone already.
      destroy() {
        const exits = pool.workerNodes.map(({ worker }) => once(worker, 'exit'))
        return Promise.race([pool.destroy(), Promise.all(exits)])
      }
    }
  }
}
