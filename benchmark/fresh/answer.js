'use strict'

const fs = require('node:fs')

/** Hands the figures to the process that asked, and ends, whatever still runs. */
function answer(figures) {
  fs.writeSync(1, JSON.stringify(figures))
  process.exit(0)
}

module.exports = { answer }
