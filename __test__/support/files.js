'use strict'

// Directories and files that are gone afterwards.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { afterwards } = require('./cleanup.js')
const { ROOT } = require('./scripts.js')

function makeDirectory() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'threadmill-'))
}

function remove(directory) {
  fs.rmSync(directory, { recursive: true, force: true })
}

/** A directory that is gone after the test. */
function temporaryDirectory() {
  const directory = makeDirectory()
  afterwards(() => remove(directory))
  return directory
}

/** A directory that is gone after all tests of the block that asks for it. */
function commonDirectory() {
  const directory = makeDirectory()
  afterAll(() => remove(directory))
  return directory
}

/** The path of a file with this content, in a directory of its own that is gone after the test. */
function write(name, content) {
  const file = path.join(temporaryDirectory(), name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content)
  return file
}

/** Installs the package in `directory`; answers that. */
function install(directory) {
  fs.mkdirSync(path.join(directory, 'node_modules'))
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'threadmill'))
  return directory
}

module.exports = { commonDirectory, install, temporaryDirectory, write }
