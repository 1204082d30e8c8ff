'use strict'

const path = require('node:path')
const { WorkerPool } = require('../..')

const script = path.join(__dirname, '../workers/threadmill.js')

module.exports = {
  id: 'threadmill',
  title: 'Threadmill',
  peer: false,
  create({ workers, from = workers, to = workers } = {}) {
    const pool =
      from === undefined
        ? new WorkerPool(script)
        : new WorkerPool(script, { minWorkers: from, maxWorkers: to, nativeThreads: to })
    return {
      run: (task, input, transfer) =>
        transfer === undefined ? pool.execute(task, input) : pool.execute(task, input, { transfer }),
      destroy: () => pool.close()
    }
  }
}
