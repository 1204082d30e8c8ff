'use strict'

const { nativeTask } = require('./task.js')

/** The price of a task. See native.d.ts. */
module.exports = { noop: nativeTask('noop') }
