'use strict'

// Makes two files of lib/'s many: Node takes a third of a millisecond for each file that it loads, on the main thread
// and again in every worker. Nothing is made shorter, so that stacks read well. What begins them stays apart, as it
// compiles them (lib/start/load.js).

const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { buildSync } = require('esbuild')
const { makeCaches } = require('./code-cache.js')

const root = path.join(__dirname, '..')
const folder = path.join(root, 'dist')

/** By their names in dist/. Of what is called .cjs, Node does not ask a package.json what it is. */
const ENTRIES = {
  'threadmill.js': 'lib/index.js',
  'worker.js': 'lib/worker/index.js',
  'start.cjs': 'lib/start/owner.js',
  'start-worker.cjs': 'lib/start/worker.js',
  'import.js': 'lib/worker/import.js',
  'load.js': 'lib/start/load.js' // for scripts/code-cache.js
}

/** What esbuild makes of lib/, with a first line that tells each version of a file from the others. */
function bundles() {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.entries(ENTRIES).map(([out, entry]) => ({ out, in: entry })),
    outdir: folder,
    bundle: true,
    external: ['./import.js'],
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Checked by tsc where it was written.
    banner: { js: '// @ts-nocheck' },
    logLevel: 'warning',
    write: false
  })
  return outputFiles.map(({ path: named, text }) => {
    const file = named.slice(0, -'.js'.length) // esbuild adds another
    const hash = crypto.createHash('sha256').update(text).digest('hex')
    return { file, text: `// ${hash}\n${text}` }
  })
}

/** Replaces a file, which another process may be reading. */
function replace(file, text) {
  fs.writeFileSync(`${file}.new`, text)
  fs.renameSync(`${file}.new`, file)
}

const isThere = (file, text) => fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text

function bundle() {
  fs.mkdirSync(folder, { recursive: true })
  for (const { file, text } of bundles()) if (!isThere(file, text)) replace(file, text)
  makeCaches()
}

// Also before jest runs: what it tests is what lib/ says now.
module.exports = bundle

if (require.main === module) bundle()
