'use strict'

const { parentPort } = require('node:worker_threads')

const tasks = require('../tasks.js')(() => undefined)

parentPort.on('message', ({ task, input }) => parentPort.postMessage(tasks[task](input)))
