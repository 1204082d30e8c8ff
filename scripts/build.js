'use strict'

// Builds the addon and puts it where lib/native.js looks for it. `npm ci` runs this as `prepare`.

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

const build = spawnSync(
  'cargo',
  ['build', '--release', '--locked', '--message-format=json-render-diagnostics'],
  {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28
  }
)
if (build.status !== 0) fail("the addon did not build; cargo's messages above say why.")

// Cargo says where it put the library: the target folder may be set from outside.
const built = build.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .flatMap((message) => message.filenames ?? [])
  .find((file) => path.basename(file) === library)
if (built === undefined) fail(`cargo built no ${library}.`)

// Another process may have the old file loaded: replace it, never write into it.
const target = path.join(root, 'threadmill.node')
fs.copyFileSync(built, `${target}.new`)
fs.renameSync(`${target}.new`, target)
