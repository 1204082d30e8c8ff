'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { PoolError, invalidType, invalidValue, show, wordsOf } = require('../errors.js')
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
 * The absolute path or the URL of a pool's script, which must be there. A relative path is looked up beside the calling
 * module, then in the current directory. Whether the script loads is found out by the workers.
 */
function resolveScript(script) {
  const text = isURL(script) ? script.href : script
  if (typeof text !== 'string')
    throw invalidType(`The option 'script' must be a path or a URL; received ${show(script)}`)
  if (text === '') throw invalidValue("The option 'script' must be a path or a URL; received ''")
  if (text.includes('\0'))
    throw invalidValue(
      `The option 'script' must be a path, which has no NUL character; received ${show(text)}`
    )
  if (path.isAbsolute(text)) return mustBeThere(text, [text]) // no URL begins so
  if (/^data:/i.test(text)) return text
  if (/^file:/i.test(text)) {
    mustBeThere(text, [fileOf(text)])
    return text
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(text))
    throw invalidValue(
      `The option 'script' must be a path, or a 'file:' or 'data:' URL; received ${show(text)}`
    )
  const caller = callingFile()
  const beside = caller === undefined ? [] : [path.resolve(path.dirname(caller), text)]
  return mustBeThere(text, [...beside, path.resolve(text)])
}

function fileOf(url) {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    const message = `The option 'script' must be a path or a URL; ${show(url)} is none: ${wordsOf(cause)}`
    throw new PoolError('ERR_INVALID_ARG_VALUE', message, { cause })
  }
}

/** The first of these files that there is. */
function mustBeThere(script, files) {
  let refusal
  const found = files.find((file) => {
    try {
      return fs.existsSync(file)
    } catch (error) {
      refusal = error // by the permission model
      return false
    }
  })
  if (found !== undefined) return found
  if (refusal !== undefined) {
    const message = `The option 'script' must name a file that may be read; ${show(script)} may not: ${wordsOf(refusal)}`
    throw new PoolError('ERR_INVALID_ARG_VALUE', message, { cause: refusal })
  }
  const [first, other = first] = files
  const there =
    first === other
      ? first === script
        ? ''
        : `, which would be ${first}`
      : `: neither ${first} nor ${other}`
  throw invalidValue(`The option 'script' must name a file; there is no ${show(script)}${there}`)
}

module.exports = { resolveScript }
