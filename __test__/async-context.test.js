'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { WorkerPool } = require('..')
const { keep } = require('./support/pools.js')

const storage = new AsyncLocalStorage()
const pool = keep(new WorkerPool({ maxWorkers: 1 }))

test.each([
  ['a JavaScript task', () => pool.execute((value) => value, 1)],
  [
    'a JavaScript task that rejects',
    () => pool.execute(() => Promise.reject(new Error('no'))).catch(() => {})
  ],
  ['a JavaScript task whose input goes by message', () => pool.execute((value) => value, /x/)],
  ['a native task', () => pool.execute('native:hash', { data: 'x' })]
])('what runs after %s sees the context of its caller', async (_name, run) => {
  const caller = async (request) => {
    await run()
    return storage.getStore() === request
  }
  const requests = Array.from({ length: 20 }, (_, id) => ({ id }))
  const seen = await Promise.all(requests.map((request) => storage.run(request, caller, request)))
  expect(seen).toEqual(requests.map(() => true))
  expect(storage.getStore()).toBeUndefined()
})
