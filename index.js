'use strict'

const { WorkerPool, PoolError, move } = /** @type {any} */ (require('./dist/start.js'))

module.exports = { WorkerPool, PoolError, move }
