'use strict'

module.exports = /** @type {any} */ (require('./dist/start.cjs')).native
