'use strict'

module.exports = /** @type {any} */ (require('./dist/threadmill.js')).native
