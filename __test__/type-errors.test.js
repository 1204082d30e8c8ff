'use strict'

// What TypeScript says of a wrong call: the option that is wrong, where it stands.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { commonDirectory, install } = require('./support/files.js')
const { ROOT } = require('./support/scripts.js')

const CALLS = [
  [
    "pool.execute(hash, { data: 'x', algorithm: 'md6' })",
    'algorithm',
    /"md6"' is not assignable to type .*"sha256"/
  ],
  [
    "pool.execute(hash, { data: 'x', algoritm: 'md5' })",
    'algoritm',
    /'algoritm' does not exist .*'algorithm'\?/
  ],
  [
    "pool.execute(compress, { data: 'x', level: '9' })",
    'level',
    /'string' is not assignable to type 'number'/
  ],
  ["pool.priority('high', compress, { data: 'x', levle: 9 })", 'levle', /'levle' does not exist .*'level'\?/],
  ["pool.execute(hash, { data: 'x' }, { timeot: 5 })", 'timeot', /'timeot' does not exist .*'timeout'\?/],
  ["hash({ data: 'x', algoritm: 'md5' })", 'algoritm', /'algoritm' does not exist .*'algorithm'\?/],
  ["pool.execute('echo', 1, { prio: 1 })", 'prio', /'prio' does not exist in type 'ExecuteOptions'/],
  ['new WorkerPool({ maxWorker: 4 })', 'maxWorker', /'maxWorker' does not exist .*'maxWorkers'\?/],
  ['hash({ data: 5 })', 'data', /'number' is not assignable to type 'Bytes'/]
]

/** Calls with options that are `undefined`, each of which the library takes for left out. */
const RIGHT = [
  "pool.execute('echo', 1, { signal: undefined, timeout: undefined, affinity: undefined, retries: undefined })",
  "pool.execute('echo', 1, { retries: { max: 1, delay: undefined, when: undefined } })",
  'new WorkerPool({ script: undefined, maxWorkers: undefined, errorClasses: undefined })',
  'pool.resize({ minWorkers: undefined, maxWorkers: 1 })',
  'pool.close({ timeout: undefined })'
]

const folder = install(commonDirectory())
const head = `import { WorkerPool } from 'threadmill'
import { compress, hash } from 'threadmill/native'
const pool = new WorkerPool()
`

/** What the compiler says of calls in a file of their own. */
function compile(file, calls, ...more) {
  fs.writeFileSync(path.join(folder, file), head + calls.join('\n'))
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, ...options, ...more, '--pretty', 'false', file],
    { cwd: folder, encoding: 'utf8', timeout: 60_000 }
  )
  return { status, stdout }
}

let output = ''

beforeAll(() => {
  fs.mkdirSync(path.join(folder, 'node_modules/@types'))
  fs.symlinkSync(path.join(ROOT, 'node_modules/@types/node'), path.join(folder, 'node_modules/@types/node'))
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  output = compile(
    'calls.ts',
    CALLS.map(([call]) => call)
  ).stdout
}, 60_000)

test.each(CALLS)('%s', (call, option, words) => {
  const line = head.split('\n').length + CALLS.findIndex((each) => each[0] === call)
  const errors = output.split(/^(?=\S)/m).filter((error) => error.startsWith(`calls.ts(${line},`))
  expect(errors).toHaveLength(1)
  const [error] = errors
  expect(Number(error.match(/,(\d+)\)/)?.[1])).toBe(call.indexOf(option) + 1)
  expect(error).toMatch(words)
  expect(error).not.toMatch(/\bnever\b/)
})

test('nothing else is wrong', () => {
  expect(output.match(/error TS/g)).toHaveLength(CALLS.length)
})

test('an option may be undefined, as if it were left out, however strict the compiler is about that', () => {
  const strictest = compile('right.ts', RIGHT, '--exactOptionalPropertyTypes')
  expect(strictest).toEqual({ status: 0, stdout: '' })
}, 60_000)
