'use strict'

const path = require('node:path')
const workerpool = require('workerpool')

const script = path.join(__dirname, '../workers/workerpool.js')

module.exports = {
  id: 'workerpool',
  title: 'workerpool',
  peer: true,
  create({ workers } = {}) {
    const threads = workers === undefined ? {} : { minWorkers: workers, maxWorkers: workers }
    const pool = workerpool.pool(script, { workerType: 'thread', ...threads })
    return {
      run: (task, input, transfer) =>
        transfer === undefined ? pool.exec(task, [input]) : pool.exec(task, [input], { transfer }),
      destroy: () => pool.terminate()
    }
  }
}
