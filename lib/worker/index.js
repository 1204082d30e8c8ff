'use strict'

// Where a worker thread begins. A bundle renames what stands at its top level and elsewhere, too; here nothing does.
require('./loop.js')
