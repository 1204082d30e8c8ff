'use strict'

// The work, as functions of a file's path. This one script is run by all three contenders; Threadmill takes
// `words` from it, and its native tasks for the rest.

const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { gzipSync } = require('node:zlib')

const TOP = 10

/** Counts lines, words and identifiers, and finds the identifiers that occur most. */
function words(path) {
  const text = readFileSync(path, 'utf8')
  const counts = new Map()
  let identifiers = 0
  for (const [identifier] of text.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) {
    counts.set(identifier, (counts.get(identifier) ?? 0) + 1)
    identifiers++
  }
  return {
    characters: text.length,
    lines: count(text, /\n/g),
    words: count(text, /\S+/g),
    identifiers,
    distinct: counts.size,
    top: [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, TOP)
  }
}

function count(text, pattern) {
  let found = 0
  while (pattern.exec(text) !== null) found++
  return found
}

const hash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex')

const compress = (path) => gzipSync(readFileSync(path))

module.exports = { words, hash, compress }
