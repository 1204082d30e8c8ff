'use strict'

const { readdirSync, statSync } = require('node:fs')
const path = require('node:path')

const TEXT = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.json', '.map', '.md'])
const MOST_FILES = 2000
const MOST_BYTES = 100e6

/** The text files below a directory, without those that tools put there later and hide behind a dot. */
function* textFiles(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) yield* textFiles(file)
    else if (entry.isFile() && TEXT.has(path.extname(entry.name))) yield file
  }
}

/** The largest text files that `npm ci` has installed, in the order of their paths: the same on every run. */
function installedFiles() {
  const found = [...textFiles(path.join(__dirname, '../../node_modules'))]
    .map((file) => ({ file, size: statSync(file).size }))
    .sort((a, b) => b.size - a.size || (a.file < b.file ? -1 : 1))
    .slice(0, MOST_FILES)
  const chosen = []
  let bytes = 0
  for (const { file, size } of found) {
    if (bytes + size > MOST_BYTES) continue
    bytes += size
    chosen.push(file)
  }
  return { files: chosen.sort(), bytes }
}

module.exports = { installedFiles }
