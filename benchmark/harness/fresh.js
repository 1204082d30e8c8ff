'use strict'

const { execFile } = require('node:child_process')
const path = require('node:path')
const { promisify } = require('node:util')

/** What a script of ../fresh prints, as JSON, in a process of its own. */
async function fresh(script, ...parameters) {
  const file = path.join(__dirname, '../fresh', script)
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    file,
    ...parameters.map(String)
  ])
  return JSON.parse(stdout)
}

module.exports = { fresh }
