'use strict'

// What is said about the options of native tasks, which are checked against their declarations before anything is
// taken or queued.

const vm = require('node:vm')
const { PoolError, WorkerPool } = require('..')
const { compress, hash, hmac, noop } = require('../native.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')

/** What a task says of an input that is wrong, and that it was not queued. */
async function refusal(task, input, options) {
  const pool = track(new WorkerPool({ nativeThreads: 1 }))
  const error = await rejection(pool.execute(task, input, options))
  expect(error).toBeInstanceOf(PoolError)
  expect(pool.stats().tasks.submitted).toBe(0)
  return { code: error.code, message: error.message }
}

const DATA = 'a Buffer, a typed array, an ArrayBuffer, a string or { path: string }'
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('bytes', () => {
  test.each([
    ['nothing', undefined, 'nothing'],
    ['null', null, 'nothing'],
    ['a number', 1.5, '1.5'],
    ['a boolean', true, 'true'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a function', () => 1, 'a function'],
    ['a list', [1], 'an array'],
    ['an object', {}, 'an object'],
    ['a path that is no string', { path: 1 }, 'an object'],
    ['a path and more', { path: '/file', more: 1 }, 'an object'],
    ['what stands for bytes inside', { attachment: 0 }, 'an object'],
    ['what stands for a text inside', { text: 0 }, 'an object'],
    ['a URL that is not in { path }', new URL('file:///file'), 'an object'],
    ['a Proxy that answers nothing', revoked(), 'an object']
  ])('are not %s', async (_, data, received) => {
    expect(await refusal(hash, { data })).toEqual({
      code: 'ERR_INVALID_ARG_TYPE',
      message: `The option 'data' of 'hash' must be ${DATA}; received ${received}.`
    })
  })

  test('of a key come from no file', async () => {
    expect(await refusal(hmac, { data: 'x', key: { path: __filename } })).toEqual({
      code: 'ERR_INVALID_ARG_TYPE',
      message:
        "The option 'key' of 'hmac' must be a Buffer, a typed array, an ArrayBuffer or a string; received an object."
    })
  })

  test('at a path with a NUL character, or at an address, are not to be had', async () => {
    expect(await refusal(hash, { data: { path: '/a\0b' } })).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    const { code, message } = await refusal(hash, { data: { path: new URL('https://localhost/x') } })
    expect(code).toBe('ERR_INVALID_ARG_VALUE')
    expect(message).toMatch(
      /^The option 'data\.path' of 'hash' must be a path or a 'file:' URL; 'https:\/\/localhost\/x' is none: .*file\.$/
    )
  })

  test.each([
    ['as many as its algorithm takes', 'blake3', 31, 'must be 32 bytes long for blake3; received 31 bytes.'],
    ['no more than it takes', 'blake2s', 33, 'must be 1 to 32 bytes long for blake2s; received 33 bytes.'],
    ['not none', 'blake2b', 0, 'must be 1 to 64 bytes long for blake2b; received 0 bytes.']
  ])('of a key are %s', async (_, algorithm, length, rest) => {
    for (const key of [new Uint8Array(length), 'x'.repeat(length)])
      expect(await refusal(hash, { data: '', algorithm, key })).toEqual({
        code: 'ERR_OUT_OF_RANGE',
        message: `The option 'key' of 'hash' ${rest}`
      })
  })

  test('of a key are counted in UTF-8', async () => {
    expect((await refusal(hash, { data: '', algorithm: 'blake3', key: 'ä'.repeat(32) })).message).toContain(
      'received 64 bytes'
    )
    const pool = track(new WorkerPool())
    await pool.execute(hash, { data: '', algorithm: 'blake3', key: 'ä'.repeat(16) })
  })

  test('of a key do not go with every algorithm', async () => {
    for (const algorithm of [undefined, 'sha256', 'crc32']) {
      const { code, message } = await refusal(hash, { data: '', algorithm, key: 'x' })
      expect(code).toBe('ERR_INVALID_ARG_VALUE')
      expect(message).toMatch(/^The option 'key' of 'hash' goes with the algorithm .*blake3/)
      expect(message).toMatch(new RegExp(`leave it out for '${algorithm ?? 'sha256'}'\\.$`))
    }
  })
})

describe('a word', () => {
  test('is one of those there are', async () => {
    expect(await refusal(compress, { data: '', algorithm: 'GZIP' })).toEqual({
      code: 'ERR_INVALID_ARG_VALUE',
      message:
        "The option 'algorithm' of 'compress' must be one of 'gzip', 'deflate', 'brotli', 'zstd'; received 'GZIP'."
    })
  })

  test('is not shown whole if it is long', async () => {
    const { message } = await refusal(compress, { data: '', algorithm: 'x'.repeat(100_000) })
    expect(message.length).toBeLessThan(200)
  })

  test.each([
    ['a number', 2, '2'],
    ['null', null, 'nothing'],
    ['a list', [], 'an array'],
    ['a String object', Object('gzip'), 'an object'],
    ['a BigInt', 1n, '1n']
  ])('is not %s', async (_, algorithm, received) => {
    const { code, message } = await refusal(compress, { data: '', algorithm })
    expect(code).toBe('ERR_INVALID_ARG_TYPE')
    expect(message).toMatch(`received ${received}.`)
  })
})

describe('a whole number', () => {
  test.each([
    [-1, '-1'],
    [10, '10'],
    [1.5, '1.5'],
    [1e300, '1e+300'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity']
  ])('is not %s', async (level, received) => {
    expect(await refusal(compress, { data: '', level })).toEqual({
      code: 'ERR_OUT_OF_RANGE',
      message: `The option 'level' of 'compress' must be a whole number from 0 to 9 for gzip; received ${received}.`
    })
  })

  test('has the range of its algorithm', async () => {
    const { message } = await refusal(compress, { data: '', algorithm: 'zstd', level: 0 })
    expect(message).toBe(
      "The option 'level' of 'compress' must be a whole number from 1 to 22 for zstd; received 0."
    )
  })

  test.each([
    ['a string', '1', "'1'"],
    ['null', null, 'nothing'],
    ['true', true, 'true'],
    ['a BigInt', 1n, '1n'],
    ['an object', {}, 'an object']
  ])('is not %s', async (_, level, received) => {
    const { code, message } = await refusal(compress, { data: '', level })
    expect(code).toBe('ERR_INVALID_ARG_TYPE')
    expect(message).toMatch(`received ${received}.`)
  })
})

describe('options', () => {
  test.each([
    ['algoritm', "did you mean 'algorithm'?"],
    ['nothingLikeIt', 'leave it out.']
  ])('that a task does not have are named, with what may have been meant: %s', async (name, remedy) => {
    expect(await refusal(hash, { data: '', [name]: 'md5' })).toEqual({
      code: 'ERR_INVALID_ARG_VALUE',
      message: `The task 'hash' has no option '${name}'; ${remedy}`
    })
  })

  test('count also if they are inherited, as they do elsewhere', async () => {
    const pool = track(new WorkerPool())
    const inheriting = Object.create({ algorithm: 'md5' }, { data: { value: 'x', enumerable: true } })
    await expect(pool.execute(hash, inheriting)).resolves.toBe('9dd4e461268c8034f5c8564e155c67a6') // by md5sum
    class Input {
      get data() {
        return 'x'
      }
    }
    await expect(pool.execute(hash, new Input())).resolves.toMatch(/^[0-9a-f]{64}$/)
    expect(await refusal(hash, Object.create({ data: '', wrong: 1 }))).toMatchObject({
      message: "The task 'hash' has no option 'wrong'; leave it out."
    })
  })

  test('do not count if anybody wrote them to Object.prototype', async () => {
    const pool = track(new WorkerPool())
    Object.defineProperty(Object.prototype, 'algorithm', { value: 'nonsense', configurable: true })
    try {
      await expect(pool.execute(hash, { data: 'x' })).resolves.toMatch(/^[0-9a-f]{64}$/)
    } finally {
      delete Object.prototype.algorithm
    }
  })

  test('of another realm are as good', async () => {
    const pool = track(new WorkerPool())
    const input = vm.runInNewContext("({ data: new Uint8Array([97, 98, 99]), algorithm: 'md5' })")
    expect(await pool.execute(hash, input)).toBe('900150983cd24fb0d6963f7d28e17f72')
  })

  test('are read once each', async () => {
    const reads = []
    const counted = (name, value) => ({
      enumerable: true,
      get() {
        reads.push(name)
        return value
      }
    })
    const input = Object.defineProperties(
      {},
      { data: counted('data', 'abc'), algorithm: counted('algorithm', 'md5') }
    )
    const pool = track(new WorkerPool())
    expect(await pool.execute(hash, input)).toBe('900150983cd24fb0d6963f7d28e17f72')
    expect(reads.sort()).toEqual(['algorithm', 'data'])
  })

  test('that cannot be read are named, with what they threw', async () => {
    const pool = track(new WorkerPool())
    const thrown = new Error('read')
    const input = {
      get data() {
        throw thrown
      }
    }
    const error = await rejection(pool.execute(noop, input))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', cause: thrown, task: 'native:noop' })
    expect(error.message).toContain("'data' of 'noop'")
    for (const unreadable of [revoked(), { data: revoked() }, { data: { path: revoked() } }])
      expect((await rejection(pool.execute(noop, unreadable))).code).toMatch(/^ERR_INVALID_ARG/)
  })
})

test('an error about options is of the caller, in whose place it was called', async () => {
  async function caller(call) {
    return await rejection(call())
  }
  const pool = track(new WorkerPool())
  for (const call of [
    () => pool.execute(hash, { data: 5 }),
    () => pool.priority('high', hash, { data: 5 }),
    () => pool.execute('native:hash', { data: '' }, { timeot: 1 })
  ]) {
    const [, first] = (await caller(call)).stack.split('\n    at ')
    expect(first).toContain(__filename)
  }
})

describe('nothing is taken before everything is checked', () => {
  test.each([
    ['an option is wrong', { algorithm: 'nonsense' }],
    ['an option is none', { nonsense: 1 }],
    ['a later option is wrong', { encoding: 5 }]
  ])('if %s', async (_, more) => {
    const data = new Uint8Array(100_000).fill(7)
    await refusal(hash, { data, ...more }, { transfer: [data.buffer] })
    expect(data.length).toBe(100_000)
    expect(data[99_999]).toBe(7)
  })

  test('if a getter of another option has detached it', async () => {
    const data = new Uint8Array(100_000)
    const input = {
      data,
      get encoding() {
        structuredClone(data.buffer, { transfer: [data.buffer] })
        return 'hex'
      }
    }
    const { code, message } = await refusal(hash, input)
    expect(code).toBe('ERR_INVALID_ARG_VALUE')
    expect(message).toContain("'data' of 'hash' is a detached buffer")
  })
})
