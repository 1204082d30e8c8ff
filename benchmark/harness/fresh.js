'use strict'

const { execFile } = require('node:child_process')
const path = require('node:path')
const { promisify } = require('node:util')

/** What a script of ../fresh prints, as JSON, in a process of its own that Node starts with these flags. */
async function freshWith(flags, script, ...parameters) {
  const file = path.join(__dirname, '../fresh', script)
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, ...parameters.map(String)])
  return JSON.parse(stdout)
}

const fresh = (script, ...parameters) => freshWith([], script, ...parameters)

module.exports = { fresh, freshWith }
