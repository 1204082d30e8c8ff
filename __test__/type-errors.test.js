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

const folder = install(commonDirectory())
const head = `import { WorkerPool } from 'threadmill'
import { compress, hash } from 'threadmill/native'
const pool = new WorkerPool()
`
let output = ''

beforeAll(() => {
  fs.mkdirSync(path.join(folder, 'node_modules/@types'))
  fs.symlinkSync(path.join(ROOT, 'node_modules/@types/node'), path.join(folder, 'node_modules/@types/node'))
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  fs.writeFileSync(path.join(folder, 'calls.ts'), head + CALLS.map(([call]) => call).join('\n'))
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, ...options, '--pretty', 'false', 'calls.ts'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000
  })
  output = stdout
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
