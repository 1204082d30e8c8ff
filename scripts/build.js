'use strict'

// Builds the addon, puts it where lib/addon.js looks for it, and bundles lib/. `npm ci` runs this as `prepare`.
//
//   node scripts/build.js             threadmill.node, with every family of native tasks; dist/
//   node scripts/build.js --testing   threadmill.testing.node, built quickly, with the family that tests alone need
//   node scripts/build.js --sizes     builds it without each family in turn, and prints what each adds

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..')
const LIBRARY = { linux: 'libthreadmill.so', darwin: 'libthreadmill.dylib', win32: 'threadmill.dll' }

function fail(sentence) {
  console.error(`threadmill: ${sentence}`)
  process.exit(1)
}

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

if (!has('cargo'))
  fail(
    'building the addon needs a Rust toolchain (cargo), which is not on the PATH; install it from https://rustup.rs and run the command again.'
  )
if (process.platform !== 'win32' && !has(process.env.CC ?? 'cc'))
  fail(
    'building the addon needs a C compiler (cc), which is not on the PATH; install gcc or clang and run the command again.'
  )

const library = LIBRARY[process.platform]
if (library === undefined)
  fail(
    `there is no build for the platform '${process.platform}' yet; it builds on ${Object.keys(LIBRARY).join(', ')}.`
  )

// The addon names no folder of the machine that built it.
const home = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')
const remapped = [`--remap-path-prefix=${home}=cargo`, `--remap-path-prefix=${root}=.`]
const given = process.env.RUSTFLAGS?.split(' ').filter(Boolean) ?? []
const env = { ...process.env, CARGO_ENCODED_RUSTFLAGS: [...given, ...remapped].join('\x1f') }

/** Runs cargo; what it prints. */
function cargo(args) {
  const { status, stdout } = spawnSync('cargo', args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28
  })
  if (status !== 0) fail("the addon did not build; cargo's messages above say why.")
  return stdout
}

/** Builds the addon with some features; where the library is. */
function build(features, ...options) {
  const messages = cargo([
    'build',
    '--locked',
    '--message-format=json-render-diagnostics',
    '--no-default-features',
    '--features',
    features.join(),
    ...options
  ])
  // Cargo says where it put the library: the target folder may be set from outside.
  const built = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .flatMap((message) => message.filenames ?? [])
    .find((file) => path.basename(file) === library)
  if (built === undefined) fail(`cargo built no ${library}.`)
  return built
}

/** Builds the addon and puts it in place. Another process may have the old file loaded: replaces it, never writes into it. */
function place(name, families, ...options) {
  const built = build(['binding', ...families], ...options)
  const target = path.join(root, name)
  fs.copyFileSync(built, `${target}.new`)
  fs.renameSync(`${target}.new`, target)
  console.log(`${name}: ${megabytes(sizeOf(built))}; families: ${families.join(', ')}`)
}

const sizeOf = (file) => fs.statSync(file).size
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`

const metadata = cargo(['metadata', '--locked', '--no-deps', '--format-version', '1'])
const families = JSON.parse(metadata).packages[0].features.default.filter((feature) => feature !== 'binding')

function printSizes() {
  const whole = sizeOf(build(['binding', ...families], '--release'))
  for (const family of families) {
    const others = families.filter((other) => other !== family)
    const added = whole - sizeOf(build(['binding', ...others], '--release'))
    console.log(`${family}: ${megabytes(added)} of ${megabytes(whole)}`)
  }
}

const [option, ...more] = process.argv.slice(2)
if (more.length > 0) fail('one option at a time, please.')
switch (option) {
  case undefined:
    place('threadmill.node', families, '--release')
    if (fs.existsSync(path.join(root, 'lib'))) require('./bundle.js')() // a package has the bundles instead
    break
  case '--testing':
    place('threadmill.testing.node', [...families, 'testing'])
    break
  case '--sizes':
    printSizes()
    break
  default:
    fail(`there is no option '${option}'; the options are --testing and --sizes.`)
}
