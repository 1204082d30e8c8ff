'use strict'

// Keyed digests, and those of any length, against node:crypto and the standards' own examples.

const crypto = require('node:crypto')
const { hash, hmac } = require('../native.js')
const { pattern } = require('./support/bytes.js')

describe('hmac', () => {
  test.each(['sha256', 'sha512', 'sha1', 'md5', 'sha224', 'sha384', 'sha3-256', 'sha3-512'])(
    'of %s is that of node:crypto, for keys and data of every length',
    async (algorithm) => {
      for (const keyLength of [0, 1, 63, 64, 65, 128, 129, 1000])
        for (const length of [0, 1, 100, 200_000]) {
          const [key, data] = [pattern(keyLength), pattern(length)]
          const expected = crypto.createHmac(algorithm, key).update(data).digest()
          expect((await hmac({ algorithm, key, data, encoding: 'buffer' })).equals(expected)).toBe(true)
        }
    }
  )

  test('gives the examples of RFC 4231 and RFC 2202', async () => {
    const data = 'what do ya want for nothing?'
    expect(await hmac({ data, key: 'Jefe' })).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    )
    expect(await hmac({ data, key: 'Jefe', algorithm: 'md5' })).toBe('750c783e6ab0b503eaa86e310a5db738')
  })

  test.each(['hex', 'base64', 'base64url', 'latin1', 'binary'])(
    'shows itself in %s as node:crypto does',
    async (encoding) => {
      const expected = crypto.createHmac('sha256', 'key').update('data').digest(encoding)
      expect(await hmac({ data: 'data', key: 'key', encoding })).toBe(expected)
    }
  )

  test('of a file is that of its bytes', async () => {
    const expected = crypto
      .createHmac('sha256', 'key')
      .update(require('node:fs').readFileSync(__filename))
      .digest('hex')
    expect(await hmac({ data: { path: __filename }, key: 'key' })).toBe(expected)
  })
})

describe('BLAKE2', () => {
  test.each([
    ['blake2b', 'blake2b512'],
    ['blake2s', 'blake2s256']
  ])('%s is that of node:crypto', async (algorithm, theirs) => {
    for (const length of [0, 1, 128, 129, 300_000]) {
      const data = pattern(length)
      expect(await hash({ data, algorithm })).toBe(crypto.createHash(theirs).update(data).digest('hex'))
    }
  })

  test('of another length is no prefix of the whole, and a key changes it', async () => {
    const whole = await hash({ data: 'abc', algorithm: 'blake2b' })
    const short = await hash({ data: 'abc', algorithm: 'blake2b', length: 32 })
    const keyed = await hash({ data: 'abc', algorithm: 'blake2b', key: 'key' })
    expect([whole.length, short.length, keyed.length]).toEqual([128, 64, 128])
    expect(whole.startsWith(short)).toBe(false)
    expect(keyed).not.toBe(whole)
    // Python's hashlib.blake2b(b'abc', digest_size=32) and (…, key=b'key').
    expect(short).toBe('bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319')
  })
})

describe('BLAKE3', () => {
  // The official test vectors' key and input.
  const key = 'whats the Elvish word for friend'
  const input = (length) => Uint8Array.from({ length }, (_, n) => n % 251)

  test('with a key gives the published digests', async () => {
    expect(await hash({ data: '', algorithm: 'blake3', key })).toBe(
      '92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26'
    )
    expect(await hash({ data: input(1), algorithm: 'blake3', key })).toBe(
      '6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b'
    )
  })

  test('of any length begins with the shorter', async () => {
    const whole = await hash({ data: input(1024), algorithm: 'blake3', length: 1 << 20, encoding: 'buffer' })
    expect(whole).toHaveLength(1 << 20)
    expect(whole.subarray(0, 32).toString('hex')).toBe(await hash({ data: input(1024), algorithm: 'blake3' }))
    // The published extended output of these 1024 bytes begins and goes on so.
    expect(whole.subarray(0, 40).toString('hex')).toBe(
      '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af71cf8107265ecdaf8'
    )
  })

  test('of much is the same on one thread and on several', async () => {
    const { WorkerPool } = require('..')
    for (const length of [(4 << 20) - 1, 4 << 20, (4 << 20) + 1, (16 << 20) + 12_345]) {
      const data = input(length)
      const digests = []
      for (const nativeThreads of [1, 4]) {
        const pool = new WorkerPool({ nativeThreads })
        digests.push(await pool.execute(hash, { data, algorithm: 'blake3', key, length: 40 }))
        digests.push(await pool.execute(hash, { data: data.slice(), algorithm: 'blake3', key, length: 40 }))
        await pool.close()
      }
      expect(new Set(digests).size).toBe(1)
    }
  })
})

describe('checksums', () => {
  test.each([
    ['crc32c', '123456789', 'e3069283'],
    ['crc32', '123456789', 'cbf43926'],
    ['xxh64', '', 'ef46db3751d8e999'],
    ['xxh3', '', '2d06800538d394c2']
  ])('%s of %j is its published check value', async (algorithm, data, expected) => {
    expect(await hash({ data, algorithm })).toBe(expected)
  })
})
