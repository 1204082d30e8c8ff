'use strict'

// Where a worker thread begins.
require('./load.js').load('worker.js', require)
