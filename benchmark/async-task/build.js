'use strict'

// Builds the addon when it is missing or older than its source, and loads it.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const LIBRARY = { linux: 'libasync_task.so', darwin: 'libasync_task.dylib', win32: 'async_task.dll' }
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src/lib.rs']

const target = path.join(__dirname, 'target')
const addon = path.join(target, 'async_task.node')

const changed = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

function build() {
  console.error('building benchmark/async-task (once) …')
  const { status, error } = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', target], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (status !== 0)
    throw new Error(`benchmark/async-task did not build: ${error?.message ?? "cargo's messages say why"}`)
  // Replaced, never written into: another process may have it loaded.
  fs.copyFileSync(path.join(target, 'release', LIBRARY[process.platform]), `${addon}.new`)
  fs.renameSync(`${addon}.new`, addon)
}

/** The addon's exports. */
function load() {
  const newest = Math.max(...SOURCES.map((file) => changed(path.join(__dirname, file))))
  if (changed(addon) < newest) build()
  return require(addon)
}

module.exports = { load }
