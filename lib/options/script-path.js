'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { invalidType, invalidValue, show } = require('../errors.js')
const { isOwn } = require('../place.js')
const { callingFiles } = require('../stack.js')
const { isURL } = require('./check.js')

/** The file of the first frame outside of this package, or undefined. */
function callingFile() {
  try {
    for (const name of callingFiles()) {
      if (!name || name.startsWith('node:')) continue
      const file = name.startsWith('file:') ? fileURLToPath(name) : name
      if (path.isAbsolute(file) && !isOwn(file)) return file
    }
  } catch {
    /* an exotic loader's file name: as good as none */
  }
  return undefined
}

/**
 * The absolute path or the URL of a pool's script. A relative path is looked up beside the calling module, then in the
 * current directory. Whether the script loads is found out by the workers.
 */
function resolveScript(script) {
  if (isURL(script)) return checked(script.href)
  if (typeof script !== 'string')
    throw invalidType(`The option 'script' must be a path or a URL; received ${show(script)}`)
  if (script === '') throw invalidValue("The option 'script' must be a path or a URL; received ''")
  if (/^[a-z][a-z0-9+.-]+:/i.test(script)) return checked(script)
  if (path.isAbsolute(script)) return script
  const caller = callingFile()
  const candidates = [path.resolve(script)]
  if (caller !== undefined) candidates.unshift(path.resolve(path.dirname(caller), script))
  const found = candidates.find((candidate) => fs.existsSync(candidate))
  if (found === undefined) {
    throw invalidValue(
      `The option 'script' must name a file; ${show(script)} is neither ${candidates.join(' nor ')}`
    )
  }
  return found
}

function checked(href) {
  if (!/^(file|data):/i.test(href))
    throw invalidValue(
      `The option 'script' must be a path, or a 'file:' or 'data:' URL; received ${show(href)}`
    )
  return href
}

module.exports = { resolveScript }
