'use strict'

module.exports = require('../tasks.js')(() => require('../..').move)
