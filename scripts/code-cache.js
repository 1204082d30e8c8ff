'use strict'

// Makes the code caches of the bundles in dist/, for this Node and this place: see lib/start/load.js. Runs when the
// bundles have been made, and where the package is installed, as `postinstall`. Without them everything works as well,
// and starts some milliseconds later; so whatever keeps it from making them is no failure.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

/** V8's flags are a part of what a cache is good for: as most run it. */
const plain = ({ NODE_OPTIONS: _, ...others }) => others

function makeCaches() {
  const start = path.join(__dirname, '..', 'dist', 'start.cjs')
  if (!fs.existsSync(start)) return // not built yet
  spawnSync(process.execPath, [path.join(__dirname, 'code-cache', 'owner.js')], {
    env: plain(process.env),
    stdio: 'ignore',
    timeout: 20_000
  })
}

module.exports = { makeCaches }

if (require.main === module) makeCaches()
