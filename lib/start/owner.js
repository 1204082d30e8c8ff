'use strict'

// Where the owner's side begins.
module.exports = require('./load.js').load('threadmill.js', require)
