const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const fc = require('fast-check')
const { WorkerPool } = require('..')
const { noise } = require('./support/bytes.js')
const { commonDirectory } = require('./support/files.js')
const { keep } = require('./support/pools.js')

const pool = keep(new WorkerPool())
const directory = commonDirectory()

const compress = (data, options) => pool.execute('native:compress', { data, ...options })
const decompress = (data, options) => pool.execute('native:decompress', { data, ...options })

const text = (length) =>
  Buffer.from('It was the best of times, it was the worst of times. '.repeat(length / 53 + 1)).subarray(
    0,
    length
  )

const NODE = {
  gzip: [zlib.gzipSync, zlib.gunzipSync],
  deflate: [zlib.deflateSync, zlib.inflateSync],
  brotli: [zlib.brotliCompressSync, zlib.brotliDecompressSync],
  // Node 22 brings zstd.
  ...(zlib.zstdCompressSync && { zstd: [zlib.zstdCompressSync, zlib.zstdDecompressSync] })
}
const ALGORITHMS = { gzip: [0, 9], deflate: [0, 9], brotli: [0, 11], zstd: [1, 22] }
const SIZES = [0, 1, 2, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 131_073, 1_000_003]

describe.each(Object.keys(NODE))('%s', (algorithm) => {
  const [encode, decode] = NODE[algorithm]

  test.each(SIZES)('%i bytes: node:zlib reads what is written', async (size) => {
    for (const data of [text(size), noise(size)]) {
      const compressed = await compress(data, { algorithm })
      expect(Buffer.isBuffer(compressed)).toBe(true)
      expect(decode(compressed).equals(data)).toBe(true)
    }
  })

  test.each(SIZES)('%i bytes: what node:zlib writes is read', async (size) => {
    for (const data of [text(size), noise(size)])
      expect((await decompress(encode(data), { algorithm })).equals(data)).toBe(true)
  })

  test('20 MB, with large matches', async () => {
    const data = Buffer.concat([noise(5_000_000), text(5_000_000), noise(5_000_000), Buffer.alloc(5_000_000)])
    const compressed = await compress(data, { algorithm, level: 1 })
    expect(decode(compressed).equals(data)).toBe(true)
    expect((await decompress(compressed, { algorithm })).equals(data)).toBe(true)
  })

  // The zstd tool refuses what is no frame, and so do we; node:zlib has ignored it since it knows zstd.
  const asNode = algorithm === 'zstd' ? test.skip : test
  asNode('what follows the end is treated as node:zlib treats it', async () => {
    const data = text(1000)
    for (const after of [
      '',
      '\0',
      '\0\0\0\0',
      '\0garbage',
      'garbage',
      '\x1f',
      '\x1f\x8b',
      '\x1f\x8b\x08\0\0\0\0\0\0\x03'
    ]) {
      const bytes = Buffer.concat([encode(data), Buffer.from(after, 'latin1')])
      let expected
      try {
        expected = decode(bytes)
      } catch {
        expected = undefined
      }
      const result = await decompress(bytes, { algorithm }).catch(({ code }) => code)
      if (expected === undefined) expect([after, result]).toEqual([after, 'ERR_CORRUPT_DATA'])
      else expect([after, String(result)]).toEqual([after, String(expected)])
    }
  })
})

describe.each(Object.entries(ALGORITHMS))('%s', (algorithm, [lowest, highest]) => {
  test('arbitrary bytes there and back, at arbitrary levels', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: lowest, max: highest }),
        async (data, level) => {
          const compressed = await compress(data, { algorithm, level })
          expect((await decompress(compressed, { algorithm })).equals(data)).toBe(true)
        }
      ),
      { seed: 1, numRuns: 100 }
    )
  })

  test('every level is right, and the highest makes less of it than the lowest', async () => {
    const sources = path.join(__dirname, '..', 'lib', 'owner')
    const data = Buffer.concat(
      fs.readdirSync(sources).map((file) => fs.readFileSync(path.join(sources, file)))
    )
    const lengths = []
    for (let level = lowest; level <= highest; level++) {
      const compressed = await compress(data, { algorithm, level })
      expect((await decompress(compressed, { algorithm })).equals(data)).toBe(true)
      lengths.push(compressed.length)
    }
    expect(lengths.at(-1)).toBeLessThan(lengths[0])
  })

  test('a string, a file and shared memory are compressed like their bytes', async () => {
    const words = 'ä€𝒳 '.repeat(10_000)
    const bytes = Buffer.from(words)
    const file = path.join(directory, algorithm)
    fs.writeFileSync(file, bytes)
    const shared = Buffer.from(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    for (const data of [words, { path: file }, shared, bytes]) {
      const compressed = await compress(data, { algorithm })
      expect((await decompress(compressed, { algorithm })).equals(bytes)).toBe(true)
    }
  })

  test('a file is decompressed', async () => {
    const file = path.join(directory, `${algorithm} compressed`)
    fs.writeFileSync(file, await compress(text(300_000), { algorithm }))
    expect((await decompress({ path: file }, { algorithm })).equals(text(300_000))).toBe(true)
  })

  test('input that ends too early is refused, wherever it ends', async () => {
    const whole = await compress(Buffer.concat([text(300), noise(50)]), { algorithm })
    const outcomes = await Promise.all(
      Array.from({ length: whole.length }, (_, end) =>
        decompress(whole.subarray(0, end), { algorithm }).then(
          () => 'resolved',
          (error) => error.code
        )
      )
    )
    expect(outcomes).toEqual(outcomes.map(() => 'ERR_CORRUPT_DATA'))
  })

  test('input that is none is refused, with words about it, and the pool goes on', async () => {
    for (const data of ['', 'not compressed at all', noise(1000), Buffer.alloc(100, 0xff)]) {
      const error = await decompress(data, { algorithm }).catch((reason) => reason)
      expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_CORRUPT_DATA', task: 'native:decompress' })
      expect(error.message).toContain(algorithm)
    }
    expect((await decompress(await compress('next', { algorithm }), { algorithm })).toString()).toBe('next')
  })

  test('output up to maxOutputLength is given, and not a byte more, both ways', async () => {
    const data = text(200_000)
    const compressed = await compress(data, { algorithm })
    await expect(decompress(compressed, { algorithm, maxOutputLength: 200_000 })).resolves.toHaveLength(
      200_000
    )
    await expect(compress(data, { algorithm, maxOutputLength: compressed.length })).resolves.toHaveLength(
      compressed.length
    )
    const attempts = [
      decompress(compressed, { algorithm, maxOutputLength: 199_999 }),
      decompress(compressed, { algorithm, maxOutputLength: 1 }),
      compress(data, { algorithm, maxOutputLength: compressed.length - 1 })
    ]
    const expected = {
      name: 'PoolError',
      code: 'ERR_BUFFER_TOO_LARGE',
      message: expect.stringContaining('maxOutputLength')
    }
    await Promise.all(attempts.map((attempt) => expect(attempt).rejects.toMatchObject(expected)))
  })

  test('a level out of range is refused, with the range', async () => {
    for (const level of [lowest - 1, highest + 1, 1.5, -1000, 1e300])
      await expect(compress('x', { algorithm, level })).rejects.toMatchObject({
        code: 'ERR_OUT_OF_RANGE',
        message: expect.stringMatching(`'level'.*${lowest} to ${highest}`)
      })
  })
})

describe('a bit that has flipped in transit', () => {
  test.each(['gzip', 'deflate'])('of %s is noticed by its checksum', async (algorithm) => {
    const compressed = await compress(Buffer.concat([text(1000), noise(500)]), { algorithm })
    // Without the header of gzip: it holds words that mean nothing, such as the time.
    for (let at = algorithm === 'gzip' ? 10 : 2; at < compressed.length; at += 7) {
      const damaged = Buffer.from(compressed)
      damaged[at] ^= 4
      await expect(decompress(damaged, { algorithm })).rejects.toMatchObject({ code: 'ERR_CORRUPT_DATA' })
    }
  })
})

describe('gzip', () => {
  test('is the default', async () => {
    const compressed = await compress('words')
    expect(zlib.gunzipSync(compressed).toString()).toBe('words')
    expect((await decompress(compressed)).toString()).toBe('words')
  })

  test('of several members is all of them', async () => {
    const members = [text(100), Buffer.alloc(0), noise(70_000), text(1), text(200_000)]
    const bytes = Buffer.concat(members.map((data) => zlib.gzipSync(data)))
    expect((await decompress(bytes)).equals(Buffer.concat(members))).toBe(true)
  })

  test('of many small members', async () => {
    const bytes = Buffer.concat(Array.from({ length: 5000 }, (_, i) => zlib.gzipSync(String(i))))
    expect((await decompress(bytes)).toString()).toBe(Array.from({ length: 5000 }, (_, i) => i).join(''))
  })

  test('of which the last member is cut off is refused', async () => {
    const bytes = Buffer.concat([zlib.gzipSync('one'), zlib.gzipSync('other').subarray(0, -3)])
    await expect(decompress(bytes)).rejects.toMatchObject({ code: 'ERR_CORRUPT_DATA' })
  })

  test('with a file name and extra fields in its header', async () => {
    const body = zlib.gzipSync('words').subarray(10)
    const header = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3])
    expect((await decompress(Buffer.concat([header, Buffer.from('name\0comment\0'), body]))).toString()).toBe(
      'words'
    )
  })
})

describe('deflate', () => {
  test('raw, or with a dictionary, is refused', async () => {
    for (const data of [
      zlib.deflateRawSync(text(1000)),
      zlib.deflateSync('abc', { dictionary: Buffer.from('abc') })
    ])
      await expect(decompress(data, { algorithm: 'deflate' })).rejects.toMatchObject({
        code: 'ERR_CORRUPT_DATA'
      })
  })
})

describe('zstd', () => {
  const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]

  test('begins with its magic number, and makes text smaller', async () => {
    const compressed = await compress(text(100_000), { algorithm: 'zstd' })
    expect([...compressed.subarray(0, 4)]).toEqual(MAGIC)
    expect(compressed.length).toBeLessThan(1000)
  })

  // RFC 8878: a frame of one segment (0x20), its size, and a last block: its type and size, then its bytes.
  const raw = (data) =>
    Buffer.concat([
      Buffer.from([...MAGIC, 0x20, data.length, 1 | (data.length << 3), 0, 0]),
      Buffer.from(data)
    ])
  const repeated = (byte, length) =>
    Buffer.from([...MAGIC, 0x20, length, 1 | (1 << 1) | (length << 3), length >> 5, 0, byte])
  const skippable = (data) =>
    Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, data.length, 0, 0, 0]), Buffer.from(data)])

  test.each([
    ['a raw block', raw('abc'), 'abc'],
    ['an empty block', raw(''), ''],
    ['a repeated byte', repeated(0x7a, 20), 'z'.repeat(20)],
    ['several frames', Buffer.concat([raw('abc'), repeated(0x7a, 3), raw('def')]), 'abczzzdef'],
    [
      'a frame to be skipped before, between and after',
      Buffer.concat([skippable('x'), raw('abc'), skippable('yy'), raw('d'), skippable('')]),
      'abcd'
    ]
  ])('%s, as the standard has it', async (_name, data, expected) => {
    expect((await decompress(data, { algorithm: 'zstd' })).toString()).toBe(expected)
  })

  test.each([
    ['a wrong size in the header', Buffer.from([...MAGIC, 0x20, 4, 1 | (3 << 3), 0, 0, 97, 98, 99])],
    ['a reserved block type', Buffer.from([...MAGIC, 0x20, 3, 1 | (3 << 1) | (3 << 3), 0, 0, 97, 98, 99])],
    ['something that is no frame after one', Buffer.concat([raw('abc'), Buffer.from('garbage')])]
  ])('%s is refused', async (_name, data) => {
    await expect(decompress(data, { algorithm: 'zstd' })).rejects.toMatchObject({ code: 'ERR_CORRUPT_DATA' })
  })

  test('20 MB there and back, at several levels', async () => {
    const data = Buffer.concat([noise(5_000_000), text(10_000_000), Buffer.alloc(5_000_000)])
    for (const level of [1, 3, 9]) {
      const compressed = await compress(data, { algorithm: 'zstd', level })
      expect((await decompress(compressed, { algorithm: 'zstd' })).equals(data)).toBe(true)
    }
  }, 60_000)
})
