'use strict'

// `nativeMemory`: how many bytes native tasks hold at a time, together.

require('./support/probe.js')
const zlib = require('node:zlib')
const { WorkerPool } = require('..')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')
const { within } = require('./support/waiting.js')

const poolOf = (nativeMemory) => track(new WorkerPool({ nativeThreads: 2, nativeMemory }))
const hold = (pool, input) => within(pool.execute('native:probe-hold', input), 'a task that holds memory')

test('a task gets what it asks for up to the limit, and no byte more', async () => {
  const pool = poolOf(1000)
  expect(await hold(pool, { bytes: 1000 })).toBe(1000)
  expect(await hold(pool, { bytes: 400, more: 600 })).toBe(1000)
  const error = await rejection(hold(pool, { bytes: 400, more: 601 }))
  expect(error).toMatchObject({ code: 'ERR_OUT_OF_MEMORY', task: 'native:probe-hold' })
  for (const words of ['601', '400', '1000', "'nativeMemory'"]) expect(error.message).toContain(words)
})

test('what a task holds is missing to the others until it is over', async () => {
  const pool = poolOf(1000)
  const pipe = makePipe()
  const holding = hold(pool, { bytes: 900, until: { path: pipe.file } })
  await pipe.reached()
  expect(await rejection(hold(pool, { bytes: 200 }))).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' })
  expect(await hold(pool, { bytes: 100 })).toBe(100)
  pipe.release()
  expect(await holding).toBe(900)
  expect(await hold(pool, { bytes: 1000 })).toBe(1000)
})

test('what a task held that failed, panicked or was stopped is free again', async () => {
  const pool = poolOf(1000)
  await rejection(hold(pool, { bytes: 900, until: { path: '/there/is/no/such/file' } }))
  await rejection(
    pool.execute('native:probe-hold', { bytes: 900, until: { path: '/dev/zero' } }, { timeout: 20 })
  )
  await rejection(pool.execute('native:probe-panic', {}))
  expect(await hold(pool, { bytes: 1000 })).toBe(1000)
})

test('pools have memories of their own', async () => {
  const [one, two] = [poolOf(1000), poolOf(1000)]
  const pipe = makePipe()
  const holding = hold(one, { bytes: 1000, until: { path: pipe.file } })
  await pipe.reached()
  expect(await hold(two, { bytes: 1000 })).toBe(1000)
  pipe.release()
  await holding
})

test('without the option there is no limit', async () => {
  const pool = track(new WorkerPool({ nativeThreads: 1 }))
  expect(await hold(pool, { bytes: 1e15 })).toBe(1e15)
})

test('what decompresses to more than that is refused, and what fits is not', async () => {
  const pool = poolOf(8e6)
  const bomb = zlib.gzipSync(Buffer.alloc(50e6))
  expect(await rejection(pool.execute('native:decompress', { data: bomb }))).toMatchObject({
    code: 'ERR_OUT_OF_MEMORY'
  })
  const fits = await within(
    pool.execute('native:decompress', { data: zlib.gzipSync(Buffer.alloc(1e6)) }),
    'the rest'
  )
  expect(fits).toHaveLength(1e6)
})

test('copies of shared memory count', async () => {
  const pool = poolOf(1e6)
  const data = new Uint8Array(new SharedArrayBuffer(2e6))
  expect(await rejection(pool.execute('native:hash', { data }))).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' })
  expect(await within(pool.execute('native:hash', { data: data.subarray(0, 5e5) }), 'less of it')).toMatch(
    /^[0-9a-f]+$/
  )
})

test('zstd asks for what it is going to take', async () => {
  const pool = poolOf(1e6)
  for (const level of [22, 19])
    expect(
      await rejection(
        pool.execute('native:compress', { data: { path: '/dev/zero' }, algorithm: 'zstd', level })
      )
    ).toMatchObject({
      code: 'ERR_OUT_OF_MEMORY'
    })
})

test.each([
  [0, 'ERR_OUT_OF_RANGE'],
  [0.5, 'ERR_OUT_OF_RANGE'],
  [-1, 'ERR_OUT_OF_RANGE'],
  [Number.NaN, 'ERR_OUT_OF_RANGE'],
  ['1e9', 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [1n, 'ERR_INVALID_ARG_TYPE']
])('%p is no limit', (nativeMemory, code) => {
  const error = thrownBy(() => poolOf(nativeMemory))
  expect(error.code).toBe(code)
  expect(error.message).toContain("'nativeMemory'")
})
