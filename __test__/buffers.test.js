'use strict'

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const zlib = require('node:zlib')
const { WorkerPool } = require('..')
const { pattern, sha256 } = require('./support/bytes.js')
const { commonDirectory } = require('./support/files.js')
const { keep } = require('./support/pools.js')

const pool = keep(new WorkerPool())
const directory = commonDirectory()

const hash = (data, options) => pool.execute('native:hash', { data }, options)

const KINDS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView
]

/** A small buffer is copied, a large one borrowed. */
const SIZES = [
  ['small', 64],
  ['large', 1 << 20]
]

describe.each(SIZES)('the bytes of a %s input are hashed', (_size, length) => {
  test('a Buffer', async () => {
    await expect(hash(Buffer.from(pattern(length)))).resolves.toBe(sha256(pattern(length)))
  })

  test('an ArrayBuffer', async () => {
    await expect(hash(pattern(length).buffer)).resolves.toBe(sha256(pattern(length)))
  })

  test.each(KINDS.map((View) => [View.name, View]))('a part of a buffer as %s', async (_name, View) => {
    const bytes = pattern(length + 32)
    const view = new View(bytes.buffer, 16, length / (View.BYTES_PER_ELEMENT ?? 1))
    await expect(hash(view)).resolves.toBe(sha256(bytes.subarray(16, 16 + length)))
  })

  test('a DataView that is not aligned', async () => {
    const bytes = pattern(length + 10)
    await expect(hash(new DataView(bytes.buffer, 3, length))).resolves.toBe(
      sha256(bytes.subarray(3, 3 + length))
    )
  })

  test('a SharedArrayBuffer and its views, aligned or not', async () => {
    const shared = new SharedArrayBuffer(length + 16)
    const bytes = new Uint8Array(shared)
    bytes.set(pattern(length + 16))
    const copy = Uint8Array.from(bytes)
    await expect(hash(shared)).resolves.toBe(sha256(copy))
    await expect(hash(Buffer.from(shared, 8, length))).resolves.toBe(sha256(copy.subarray(8, 8 + length)))
    await expect(hash(new DataView(shared, 3, length))).resolves.toBe(sha256(copy.subarray(3, 3 + length)))
    await expect(hash(new Int32Array(shared, 4, length / 4))).resolves.toBe(
      sha256(copy.subarray(4, 4 + length))
    )
  })

  test('a growable SharedArrayBuffer', async () => {
    const shared = new SharedArrayBuffer(8, { maxByteLength: length + 8 })
    shared.grow(length)
    new Uint8Array(shared).set(pattern(length))
    await expect(hash(shared)).resolves.toBe(sha256(pattern(length)))
    await expect(hash(new Uint8Array(shared))).resolves.toBe(sha256(pattern(length)))
  })

  test('a resizable ArrayBuffer as it is now, whatever becomes of it', async () => {
    const buffer = new ArrayBuffer(length, { maxByteLength: length * 2 })
    new Uint8Array(buffer).set(pattern(length))
    const digests = [hash(buffer), hash(new Uint8Array(buffer)), hash(new Uint8Array(buffer, 8, 8))]
    new Uint8Array(buffer).fill(0)
    buffer.resize(0)
    await expect(Promise.all(digests)).resolves.toEqual([
      sha256(pattern(length)),
      sha256(pattern(length)),
      sha256(pattern(length).subarray(8, 16))
    ])
  })

  test.each([
    ['ASCII', 'a'],
    ['Latin-1', 'ä'],
    ['two bytes a unit', 'ж'],
    ['beyond the basic plane', '𝒳'],
    ['NUL', '\0'],
    ['quotes, control characters and separators', '"\\\n\u2028'],
    ['lone surrogates, which become U+FFFD', '\ud800x'],
    ['reversed surrogates', '\udc00\ud800']
  ])('a string as its UTF-8: %s', async (_name, text) => {
    const data = text.repeat(Math.ceil(length / text.length))
    await expect(hash(data)).resolves.toBe(sha256(data))
  })

  test('a file', async () => {
    const file = path.join(directory, `file ж ${length}`)
    fs.writeFileSync(file, pattern(length))
    await expect(hash({ path: file })).resolves.toBe(sha256(pattern(length)))
    await expect(hash({ path: pathToFileURL(file) })).resolves.toBe(sha256(pattern(length)))
  })
})

test('a string is never taken for a path', async () => {
  await expect(hash(__filename)).resolves.toBe(sha256(__filename))
})

test('strings on both sides of the length from which they cross by themselves', async () => {
  for (const length of [0, 1, 1023, 1024, 1025, 1026]) {
    await expect(hash('é'.repeat(length))).resolves.toBe(sha256('é'.repeat(length)))
  }
})

test('sizes on both sides of the one from which buffers are borrowed', async () => {
  for (const length of [32_767, 32_768, 32_769, 131_071, 131_072, 131_073]) {
    await expect(hash(pattern(length))).resolves.toBe(sha256(pattern(length)))
  }
})

test('nothing, in every form', async () => {
  const empty = sha256('')
  for (const data of [
    '',
    new ArrayBuffer(0),
    new SharedArrayBuffer(0),
    new ArrayBuffer(0, { maxByteLength: 8 }),
    Buffer.alloc(0),
    new DataView(new ArrayBuffer(8), 8),
    new Uint8Array(pattern(100).buffer, 50, 0),
    new Float64Array(0)
  ])
    await expect(hash(data)).resolves.toBe(empty)
})

test("a Buffer of Node's pool is only its own part", async () => {
  const [one, other] = [Buffer.from('one'), Buffer.from('other')]
  expect(one.buffer).toBe(other.buffer)
  await expect(Promise.all([hash(one), hash(other)])).resolves.toEqual([sha256('one'), sha256('other')])
})

test('a view whose resizable buffer has shrunk below it has no bytes', async () => {
  const buffer = new ArrayBuffer(16, { maxByteLength: 16 })
  const view = new Uint8Array(buffer, 8, 8)
  buffer.resize(4)
  await expect(hash(view)).resolves.toBe(sha256(''))
})

test('a small buffer may be changed at once', async () => {
  const bytes = pattern(1000)
  const digest = hash(bytes)
  bytes.fill(0)
  await expect(digest).resolves.toBe(sha256(pattern(1000)))
})

test('a large buffer is borrowed: it stays as it was, and usable', async () => {
  const bytes = Buffer.from(pattern(1 << 20))
  const { buffer } = bytes
  await Promise.all(Array.from({ length: 10 }, () => hash(bytes)))
  expect(bytes.buffer).toBe(buffer)
  expect(buffer.byteLength).toBe(1 << 20)
  expect(sha256(bytes)).toBe(sha256(pattern(1 << 20)))
  bytes[0] = 1
  await expect(hash(bytes)).resolves.toBe(sha256(bytes))
  const owned = structuredClone(buffer, { transfer: [buffer] })
  expect([buffer.byteLength, owned.byteLength]).toEqual([0, 1 << 20])
})

test.each([
  ['an ArrayBuffer', (bytes) => bytes.buffer],
  ['a view', (bytes) => bytes],
  ['a DataView', (bytes) => new DataView(bytes.buffer)]
])('%s that is detached is refused, and the pool goes on', async (_name, of) => {
  const bytes = pattern(100)
  const data = of(bytes)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  await expect(hash(data)).rejects.toMatchObject({
    name: 'PoolError',
    code: 'ERR_INVALID_ARG_VALUE',
    message: expect.stringContaining("'data'")
  })
  await expect(hash('next')).resolves.toBe(sha256('next'))
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['NaN', Number.NaN],
  ['a BigInt', 5n],
  ['a boolean', true],
  ['an array', [1, 2, 3]],
  ['an empty object', {}],
  ['an object with a path that is no string', { path: 5 }],
  ['an object with more than a path', { path: '/', encoding: 'utf8' }],
  ['an object that looks like an internal one', { attachment: 0 }],
  ['a function', () => 1],
  ['a symbol', Symbol('s')]
])('%s is no data', async (_name, data) => {
  await expect(hash(data)).rejects.toMatchObject({
    name: 'PoolError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringContaining("'data'"),
    task: 'native:hash'
  })
})

test('an option that looks like an internal one does not give access to another', async () => {
  await expect(
    pool.execute('native:hmac', { data: { attachment: 0 }, key: 'x'.repeat(2000) })
  ).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_INVALID_ARG_/)
  })
})

describe('noop gives its data back', () => {
  test.each([
    ['a Buffer', () => Buffer.from('abc')],
    ['a large Buffer', () => Buffer.alloc(1 << 20)],
    ['an ArrayBuffer', () => new ArrayBuffer(4)],
    ['a SharedArrayBuffer', () => new SharedArrayBuffer(4)],
    ['a DataView', () => new DataView(new ArrayBuffer(4))],
    ['a Float64Array', () => new Float64Array(4)],
    ['a short string', () => 'abc'],
    ['an empty string', () => ''],
    ['a long string', () => 'abc'.repeat(1000)]
  ])('%s, the very same', async (_name, make) => {
    const data = make()
    expect(await pool.execute('native:noop', { data })).toBe(data)
  })

  test('or nothing, if there was nothing', async () => {
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
    await expect(pool.execute('native:noop', {})).resolves.toBeUndefined()
    await expect(pool.execute('native:noop', { data: undefined })).resolves.toBeUndefined()
  })
})

test('a buffer of more than 2 GiB is hashed whole', async () => {
  const data = Buffer.alloc(2 ** 31 + 2 ** 28 + 5)
  data[data.length - 1] = 7
  // SHA-1 in parts of what node:crypto and node:zlib accept at once.
  const expected = createHash('sha1')
  const part = 2 ** 30
  for (let at = 0; at < data.length; at += part) expected.update(data.subarray(at, at + part))
  const digest = await pool.execute('native:hash', { data, algorithm: 'sha1' })
  expect(digest).toBe(expected.digest('hex'))
  if (zlib.crc32 === undefined) return
  let checksum = 0
  for (let at = 0; at < data.length; at += part) checksum = zlib.crc32(data.subarray(at, at + part), checksum)
  const hex = checksum.toString(16).padStart(8, '0')
  await expect(pool.execute('native:hash', { data, algorithm: 'crc32' })).resolves.toBe(hex)
}, 120_000)
