'use strict'

// `node scripts/sanitize.js address` runs the addon in Node under AddressSanitizer, `… thread` the scheduler's
// tests under ThreadSanitizer, no name both. Fails on any report. Where a sanitizer is not to be had it is
// skipped, and says why.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const target = path.join(root, 'target', 'sanitize')

/** Rust's flags for sanitizers are unstable; this has a stable compiler take them. */
const UNSTABLE = { RUSTC_BOOTSTRAP: '1' }
/** What a process exits with after a report: nothing that is run here ends so otherwise. */
const REPORTED = 86

class Skipped extends Error {}
class Failed extends Error {}

/** What a command says. */
function ask(command, args, options = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (error?.code === 'ENOENT') throw new Skipped(`there is no ${command}`)
  return { status, stdout: stdout.trim(), stderr: stderr.trim() }
}

/** Runs a command for all to see. */
function run(command, args, env, { expected = 0, ...options } = {}) {
  const { status, signal, stdout } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    ...options
  })
  if (status === expected) return
  if (stdout) process.stdout.write(stdout)
  const end = status === REPORTED ? 'there was a report' : `it ended with ${signal ?? status}`
  throw new Failed(`${end}: ${path.basename(command)} ${args.join(' ')}`)
}

/** Compiles nothing in particular with `flags`, to see whether they are taken. Answers the file. */
function tryCompiler(kind, flags) {
  fs.mkdirSync(target, { recursive: true })
  const file = path.join(target, `empty-${kind}`)
  const args = [`--target=${host()}`, `--crate-type=${kind}`, ...flags, '-o', file, '-']
  const { status, stderr } = ask('rustc', args, {
    input: 'pub fn main() {}',
    env: { ...process.env, ...UNSTABLE }
  })
  if (status !== 0) throw new Skipped(`rustc refuses: ${stderr.split('\n')[0]}`)
  return file
}

/** With an explicit target, what runs in the compiler (build scripts, macros) is not built with the flags. */
function host() {
  const { stdout, stderr } = ask('rustc', ['-vV'])
  const triple = stdout.match(/^host: (.*)$/m)?.[1]
  if (triple === undefined) throw new Skipped(`rustc does not run: ${stderr.split('\n')[0]}`)
  return triple
}

const cargo = (args, folder, flags, env) =>
  run('cargo', [...args, '--locked', '--target', host(), '--target-dir', folder], {
    ...UNSTABLE,
    ...env,
    CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f')
  })

// ---- address

// Leaks are not looked for: what Node leaves to the end of the process is more than could be told apart, and
// __test__/loading.test.js watches memory over hundreds of rounds.
const ADDRESS_OPTIONS = `detect_leaks=0:exitcode=${REPORTED}:detect_stack_use_after_return=1`

/** What an owner does to a buffer that a native task has borrowed. */
const TAKEN_AWAY = [
  'structuredClone',
  'a message',
  ...('transfer' in ArrayBuffer.prototype
    ? ['transfer()', 'transfer() to more', 'transfer() to less', 'transferToFixedLength()']
    : []),
  'a resize to zero',
  'a growing memory of WebAssembly',
  'a growing memory of WebAssembly with a limit',
  'writing to it',
  'collection'
]

/** What runs under AddressSanitizer, and the code it ends with. */
const PROGRAMS = [
  [0, 'scripts/sanitize/workload.js'],
  ...TAKEN_AWAY.map((scene) => [0, '__test__/fixtures/buffers/lent.js', scene]),
  [0, '__test__/fixtures/buffers/lent.js', 'terminated', 'own'],
  [0, '__test__/fixtures/buffers/lent.js', 'terminated', 'foreign'],
  [0, 'scripts/soak.js', '--minutes', '0.5', '--seed', '1'],
  [0, '__test__/fixtures/values/outside-jest.js'],
  [0, '__test__/fixtures/loading/scenes.js', 'first in a worker'],
  [0, '__test__/fixtures/loading/scenes.js', 'two'],
  [0, '__test__/fixtures/loading/scenes.js', 'terminate', '60', '1'],
  [0, '__test__/fixtures/life/scenes.js', 'terminate nested pools', 'busy'],
  [0, '__test__/fixtures/life/scenes.js', 'terminate nested pools', 'native'],
  [7, '__test__/fixtures/life/scenes.js', 'exit with a stream of JavaScript tasks'],
  [7, '__test__/fixtures/life/scenes.js', 'exit with native tasks running'],
  [7, '__test__/fixtures/life/scenes.js', 'exit while terminating']
]

/** What these programs print is of interest only if something is wrong; that one hangs is, too. */
const QUIET = { stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000 }

function address() {
  const runtime = ask('gcc', ['-print-file-name=libasan.so']).stdout
  if (!path.isAbsolute(runtime)) throw new Skipped('gcc has no libasan')
  const home = path.join(target, 'address', 'package')
  const addon = path.join(home, 'threadmill.node')
  const env = { LD_PRELOAD: runtime, ASAN_OPTIONS: ADDRESS_OPTIONS, THREADMILL_ADDON: addon }
  const { stderr } = ask(process.execPath, ['-e', ''], { env: { ...process.env, ...env } })
  if (stderr !== '') throw new Skipped(`Node does not run with libasan: ${stderr.split('\n')[0]}`)
  const flags = ['-Zsanitizer=address', '-Cforce-frame-pointers=yes']
  tryCompiler('cdylib', flags)

  const folder = path.join(target, 'address')
  const underscored = host().replaceAll('-', '_')
  cargo(['build', '--lib', '--features', 'testing,asan'], folder, flags, {
    // The compressors' C, too.
    [`CC_${underscored}`]: 'gcc',
    [`CFLAGS_${underscored}`]: '-fsanitize=address -fno-omit-frame-pointer'
  })

  // The package once more, with this addon.
  fs.rmSync(home, { recursive: true, force: true })
  for (const part of ['index.js', 'native.js', 'dist', 'scripts', '__test__'])
    fs.cpSync(path.join(root, part), path.join(home, part), { recursive: true })
  fs.copyFileSync(path.join(folder, host(), 'debug', 'libthreadmill.so'), addon)

  for (const [expected, ...program] of PROGRAMS) {
    console.log(`  ${program.join(' ')}`)
    run(process.execPath, ['--expose-gc', ...program], env, { cwd: home, expected, ...QUIET })
  }
}

// ---- thread

function thread() {
  const flags = ['-Zsanitizer=thread', '-Cunsafe-allow-abi-mismatch=sanitizer']
  const { status, stderr } = ask(tryCompiler('bin', flags), [])
  if (status !== 0) throw new Skipped(`its programs do not run here: ${stderr.split('\n')[0]}`)

  // The std that comes with the compiler is not instrumented. What its locks order would go unseen, and nearly
  // everything look like a race. So it is built here if its source is installed; else the scheduler uses locks
  // that show what they order, and a few frames of std's own are suppressed.
  const sysroot = ask('rustc', ['--print', 'sysroot']).stdout
  const hasSource = fs.existsSync(path.join(sysroot, 'lib/rustlib/src/rust/library/Cargo.lock'))
  console.log(`  std ${hasSource ? 'is instrumented' : 'is not instrumented: rust-src is not installed'}`)
  const std = hasSource ? ['-Zbuild-std'] : ['--features', 'tsan']
  const suppressions = hasSource ? '' : `:suppressions=${path.join(__dirname, 'sanitize', 'std.supp')}`
  cargo(
    ['test', '--no-default-features', ...std, '--lib', 'scheduler'],
    path.join(target, hasSource ? 'thread-std' : 'thread'),
    flags,
    { TSAN_OPTIONS: `exitcode=${REPORTED}${suppressions}` }
  )
}

// ----

const SANITIZERS = { address, thread }
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SANITIZERS)
const unknown = wanted.find((name) => !Object.hasOwn(SANITIZERS, name))
if (unknown !== undefined) {
  console.error(`There is no sanitizer '${unknown}'; there are ${Object.keys(SANITIZERS).join(' and ')}.`)
  process.exit(2)
}

for (const name of wanted) {
  console.log(`\n▶ ${name}`)
  try {
    if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
      throw new Skipped('it is run on Linux on x64 and arm64 only')
    ask('cargo', ['--version'])
    SANITIZERS[name]()
    console.log(`✔ ${name}`)
  } catch (error) {
    if (error instanceof Skipped) console.log(`– ${name} skipped: ${error.message}`)
    else if (error instanceof Failed) {
      console.error(`\n✖ ${name}: ${error.message}`)
      process.exit(1)
    } else throw error
  }
}
