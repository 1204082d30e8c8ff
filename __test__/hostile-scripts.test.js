'use strict'

// Scripts, and programs, that have replaced or written to what everybody shares.

const { WorkerPool } = require('..')
const { hear } = require('./support/events.js')
const { write } = require('./support/files.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { until, within } = require('./support/waiting.js')

const poolOf = (code) => track(new WorkerPool(write('hostile.cjs', code), 1))

describe('exports that are getters', () => {
  test('are read once for a task', async () => {
    const pool = poolOf(`
      let reads = 0
      Object.defineProperty(exports, 'task', { enumerable: true, get: () => (reads++ === 0 ? () => 'done' : 1) })`)
    expect(await within(pool.execute('task'), 'the task')).toBe('done')
  })

  test('and throw: of a task that is its error, of a hook it says so', async () => {
    const throws = (name) => `
      exports.echo = (value) => value
      Object.defineProperty(exports, '${name}', { get() { throw new RangeError('not today') } })`
    const ofTask = await rejection(poolOf(throws('task')).execute('task'))
    expect(ofTask).toMatchObject({ name: 'RangeError', message: 'not today' })
    const ofSetup = await rejection(poolOf(throws('setup')).execute('echo', 1))
    expect(ofSetup).toMatchObject({ code: 'ERR_SCRIPT_LOAD', cause: { message: 'not today' } })
    const pool = poolOf(throws('teardown'))
    const heard = hear(pool)
    expect(await within(pool.execute('echo', 1), 'the task')).toBe(1)
    await within(pool.close(), 'close()')
    await until(() => heard.exited.length > 0, 'workerExit')
    expect(heard.errors).toMatchObject([{ code: 'ERR_WORKER_EXITED', cause: { message: 'not today' } }])
    expect(heard.exited).toMatchObject([{ exitCode: 0, error: undefined }])
  })
})

test.each([
  ['Promise', 'globalThis.Promise = class {}'],
  ['process.exit', 'process.exit = () => {}'],
  [
    'Set.prototype.add',
    `const { add } = Set.prototype
     Set.prototype.add = function (value) { return add.call(this, value === 2 ? 'changed' : value) }
     exports.echo = (value) => value.map === undefined || value.map.get(1).has(2) ? value : 'changed'`
  ],
  ['Reflect.apply', "Reflect.apply = () => { throw new Error('not for you') }"],
  ['postMessage', "require('node:worker_threads').MessagePort.prototype.postMessage = () => {}"]
])('a task may replace %s, and its worker goes on and ends in good order', async (_, code) => {
  const pool = poolOf(`
    exports.replace = () => { ${code} }
    exports.echo = (value) => value
    exports.waits = () => ({ then: (resolve) => resolve('later') })
    exports.teardown = async () => {}`)
  const heard = hear(pool)
  await within(pool.execute('replace'), 'the first task')
  const value = { map: new Map([[1, new Set([2])]]), list: [1, 'x'] }
  expect(await within(pool.execute('echo', value), 'a value')).toEqual(value)
  expect(String(await within(pool.execute('echo', /x/g), 'by message'))).toBe('/x/g')
  expect(await within(pool.execute('waits'), 'a thenable')).toBe('later')
  await within(pool.close(), 'close()')
  await until(() => heard.exited.length > 0, 'workerExit')
  expect(heard).toMatchObject({ errors: [], exited: [{ exitCode: 0, error: undefined }] })
})

test('a program may have written to the indices of Object.prototype and Array.prototype', async () => {
  const { stdout, stderr } = await runProgram(`
    const { compress, decompress, hash, hmac, noop } = require('./native.js')
    for (let n = 0; n < 20; n++) Object.prototype[n] = Array.prototype[n] = 'polluted'
    const pool = new WorkerPool({ size: 1 })
    const data = 'abc'
    console.log(await pool.execute(noop, { data }))
    console.log(await pool.execute(hash, { data, algorithm: 'md5' }))
    console.log(String(await pool.execute(decompress, { data: await pool.execute(compress, { data }) })))
    console.log((await pool.execute(hmac, { data, key: 'k' })).length)
    console.log(await pool.execute((list) => list.length, [1, 2, 3]))
    await pool.close()`)
  expect([stdout, stderr]).toEqual(['abc\n900150983cd24fb0d6963f7d28e17f72\nabc\n64\n3\n', ''])
})
