'use strict'

const { WorkerPool } = require('./lib/pool.js')
const { PoolError } = require('./lib/errors.js')
const { move } = require('./lib/move.js')

module.exports = { WorkerPool, PoolError, move }
