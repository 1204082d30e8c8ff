'use strict'

const { WorkerPool, PoolError, move } = /** @type {any} */ (require('./dist/start.cjs'))

module.exports = { WorkerPool, PoolError, move }
