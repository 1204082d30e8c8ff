'use strict'

const tasks = require('../tasks.js')(() => require('piscina').move)

// The default export is what `run(value)` calls.
module.exports = Object.assign(tasks.echo, tasks)
