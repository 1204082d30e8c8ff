'use strict'

const { parentPort } = require('node:worker_threads')
const { record } = require('./record.js')

const { write } = record('worker.js')

parentPort?.once('message', () => {
  write()
  parentPort?.postMessage('written')
})
