'use strict'

const path = require('node:path')
const { Worker } = require('node:worker_threads')

const script = path.join(__dirname, '../workers/bare-worker.js')

// What node:worker_threads takes by itself, with the least that runs a task: no limit, no error, no order.
module.exports = {
  id: 'bare-worker',
  title: 'bare Worker',
  peer: false,
  create() {
    const idle = []
    const all = []
    return {
      run(task, input) {
        let worker = idle.pop()
        if (worker === undefined) all.push((worker = new Worker(script)))
        return new Promise((resolve) => {
          worker.once('message', (result) => {
            idle.push(worker)
            resolve(result)
          })
          worker.postMessage({ task, input })
        })
      },
      destroy: () => Promise.all(all.map((worker) => worker.terminate()))
    }
  }
}
