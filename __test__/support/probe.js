'use strict'

// The addon with native tasks that tests alone need: they give back what they are given, panic, fork and hold memory.
// To be required before the package. For native tasks only: a worker would load the other addon.

const path = require('node:path')
const { ROOT } = require('./scripts.js')

process.env.THREADMILL_ADDON = path.join(ROOT, 'threadmill.testing.node')

/** The same for a process of its own. */
const ENVIRONMENT = { ...process.env }

module.exports = { ENVIRONMENT }
