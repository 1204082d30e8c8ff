'use strict'

// Makes two files of lib/'s many: Node takes a third of a millisecond for each file that it loads, on the main thread
// and again in every worker. Nothing is made shorter, so that stacks read well.

const path = require('node:path')
const { buildSync } = require('esbuild')

const root = path.join(__dirname, '..')

function bundle() {
  buildSync({
    absWorkingDir: root,
    entryPoints: { threadmill: 'lib/index.js', worker: 'lib/worker/index.js' },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Checked by tsc where it was written.
    banner: { js: '// @ts-nocheck' },
    logLevel: 'warning'
  })
}

// Also before jest runs: what it tests is what lib/ says now.
module.exports = bundle

if (require.main === module) bundle()
