'use strict'

module.exports = /** @type {any} */ (require('./dist/start.js')).native
