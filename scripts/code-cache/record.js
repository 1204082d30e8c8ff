'use strict'

const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const vm = require('node:vm')

const DIST = path.join(__dirname, '..', '..', 'dist')
const requireThere = createRequire(path.join(DIST, 'start.cjs'))
const { cacheOf, keyOf, wrapped } = requireThere('./load.js')

/** Runs a bundle as lib/start/load.js does; `write` writes what V8 has compiled of it by then. */
function record(name) {
  const file = path.join(DIST, name)
  const source = fs.readFileSync(file, 'latin1')
  const script = new vm.Script(wrapped(source), { filename: file })
  const module = { exports: /** @type {any} */ ({}) }
  script.runInThisContext().call(module.exports, module.exports, requireThere, module, file, DIST)

  function write() {
    const cache = path.join(DIST, cacheOf(name))
    const key = Buffer.from(keyOf(file, source), 'latin1')
    fs.writeFileSync(`${cache}.new`, Buffer.concat([key, script.createCachedData()]))
    fs.renameSync(`${cache}.new`, cache)
  }
  return { exports: module.exports, write }
}

module.exports = { record }
