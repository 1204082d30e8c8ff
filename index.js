'use strict'

const { WorkerPool, PoolError, move } = /** @type {any} */ (require('./dist/threadmill.js'))

module.exports = { WorkerPool, PoolError, move }
