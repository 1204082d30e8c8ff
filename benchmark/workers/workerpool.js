'use strict'

const workerpool = require('workerpool')
const tasks = require('../tasks.js')(() => (buffer) => new workerpool.Transfer(buffer, [buffer]))

workerpool.worker(tasks)
