'use strict'

// Everything that must hold before a commit, in the order in which it fails fastest. `npm test -- NAME…`
// runs the named steps alone.

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const root = path.join(__dirname, '..')
const plain = ['--locked', '--no-default-features']

const STEPS = {
  format: ['cargo', 'fmt', '--check'],
  lint: ['npx', 'biome', 'check', '--error-on-warnings'],
  notices: ['node', 'scripts/notices.js', '--check'],
  types: ['npx', 'tsc', '--project', 'tsconfig.json'],
  clippy: ['cargo', 'clippy', '--locked', '--all-targets', '--features', 'testing', '--', '-D', 'warnings'],
  // Without Node-API: what is tested here is plain Rust.
  rust: ['cargo', 'test', ...plain, '--features', 'hash,compress,testing'],
  // Every interleaving of the protocols between threads, in its own target: the feature changes their primitives.
  model: [
    'cargo',
    'test',
    ...plain,
    '--features',
    'model',
    '--profile',
    'model',
    '--lib',
    '--',
    'scheduler::model',
    'catalogue::fork::model'
  ],
  addon: ['node', 'scripts/build.js'],
  // What is made from the declarations of native tasks: types and a page.
  reference: ['node', 'scripts/native-reference.js', '--check'],
  'testing-addon': ['node', 'scripts/build.js', '--testing'],
  // It ends by itself: a closed pool leaves nothing open, and an idle one keeps nobody waiting.
  jest: ['npx', 'jest']
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(STEPS, name))
if (unknown !== undefined) {
  console.error(`There is no step '${unknown}'; the steps are ${Object.keys(STEPS).join(', ')}.`)
  process.exit(2)
}

for (const [name, [command, ...args]] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const start = Date.now()
  console.log(`\n▶ ${name}: ${command} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
  if (status !== 0) {
    console.error(`\n✖ ${name} failed`)
    process.exit(1)
  }
  console.log(`✔ ${name} (${((Date.now() - start) / 1000).toFixed(0)} s)`)
}
