const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const fc = require('fast-check')
const { WorkerPool } = require('..')
const { pattern } = require('./support/bytes.js')
const { commonDirectory } = require('./support/files.js')
const { keep } = require('./support/pools.js')

const pool = keep(new WorkerPool())
const directory = commonDirectory()

const hash = (data, options) => pool.execute('native:hash', { data, ...options })

const LIKE_NODE = ['sha256', 'sha512', 'sha1', 'md5', 'sha3-256']
/** Around the block sizes of the algorithms (64, 128, 136), of their batches, and of the chunks that are read. */
const SIZES = [
  0,
  1,
  55,
  56,
  57,
  63,
  64,
  65,
  111,
  112,
  119,
  127,
  128,
  129,
  135,
  136,
  137,
  1023,
  1024,
  1025,
  131_071,
  131_072,
  131_073,
  1 << 20
]

describe.each(LIKE_NODE)('%s', (algorithm) => {
  const expected = (data, encoding = 'hex') => createHash(algorithm).update(data).digest(encoding)

  test('is what node:crypto makes of every size', async () => {
    const digests = await Promise.all(SIZES.map((size) => hash(pattern(size), { algorithm })))
    expect(digests).toEqual(SIZES.map((size) => expected(pattern(size))))
  })

  test.each(['hex', 'base64', 'base64url', 'binary', 'latin1'])(
    'is encoded as %s as in node:crypto',
    async (encoding) => {
      for (const size of [0, 1, 1000]) {
        await expect(hash(pattern(size), { algorithm, encoding })).resolves.toBe(
          expected(pattern(size), encoding)
        )
      }
    }
  )

  test("is a Buffer with the encoding 'buffer', as in node:crypto", async () => {
    const digest = await hash('abc', { algorithm, encoding: 'buffer' })
    expect(Buffer.isBuffer(digest)).toBe(true)
    expect(digest.equals(createHash(algorithm).update('abc').digest())).toBe(true)
  })

  test('of a file is that of its bytes', async () => {
    const file = path.join(directory, `of-${algorithm}`)
    fs.writeFileSync(file, pattern(300_001))
    await expect(hash({ path: file }, { algorithm })).resolves.toBe(expected(pattern(300_001)))
  })

  test('of arbitrary bytes and texts is what node:crypto makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 100 })),
        async (data) => {
          expect(await hash(data, { algorithm })).toBe(expected(data))
        }
      ),
      { seed: 1, numRuns: 100 }
    )
  })
})

test('sha256 in hex is the default', async () => {
  // FIPS 180-4
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  await expect(pool.execute('native:hash', { data: 'abc' })).resolves.toBe(abc)
  await expect(
    pool.execute('native:hash', { data: 'abc', algorithm: undefined, encoding: undefined })
  ).resolves.toBe(abc)
})

describe('published values', () => {
  // The BLAKE3 reference's test vectors: the input is 0, 1, … 250, 0, 1, …
  test.each([
    [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
    [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
    [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
    [102_400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085']
  ])('blake3 of %i bytes', async (length, expected) => {
    const data = Uint8Array.from({ length }, (_, i) => i % 251)
    await expect(hash(data, { algorithm: 'blake3' })).resolves.toBe(expected)
  })

  // The sanity checks of the xxHash reference, without a seed.
  test.each([
    [0, '2d06800538d394c2'],
    [1, 'c44bdff4074eecdb'],
    [6, '27b56a84cd2d7325'],
    [12, 'a713daf0dfbb77e7'],
    [24, 'a3fe70bf9d3510eb'],
    [48, '397da259ecba1f11'],
    [80, 'bcdefbbb2c47c90a'],
    [195, 'cd94217ee362ec3a'],
    [403, 'cdeb804d65c6dea4'],
    [512, '617e49599013cb6b'],
    [2048, 'dd59e2c3a5f038e0'],
    [2367, 'cb37aeb9e5d361ed']
  ])('xxh3 of %i bytes', async (length, expected) => {
    let state = 2_654_435_761n
    const data = Uint8Array.from({ length }, () => {
      const byte = Number(state >> 56n)
      state = BigInt.asUintN(64, state * 11_400_714_785_074_694_797n)
      return byte
    })
    await expect(hash(data, { algorithm: 'xxh3' })).resolves.toBe(expected)
  })

  // The check value of CRC-32/ISO-HDLC, and of nothing.
  test.each([
    ['123456789', 'cbf43926'],
    ['', '00000000'],
    ['a', 'e8b7be43']
  ])("crc32 of '%s'", async (text, expected) => {
    await expect(hash(text, { algorithm: 'crc32' })).resolves.toBe(expected)
  })

  test('crc32 is that in the trailer of gzip, of every size', async () => {
    for (const size of SIZES) {
      const trailer = zlib.gzipSync(pattern(size), { level: 0 }).subarray(-8, -4)
      const digest = await hash(pattern(size), { algorithm: 'crc32', encoding: 'buffer' })
      expect(digest.equals(Buffer.from(trailer).reverse())).toBe(true)
    }
  })
})

test.each(['blake3', 'xxh3', 'crc32'])(
  '%s of a file is that of its bytes, in every encoding',
  async (algorithm) => {
    const file = path.join(directory, `of-${algorithm}`)
    fs.writeFileSync(file, pattern(300_001))
    const digest = await hash(pattern(300_001), { algorithm, encoding: 'buffer' })
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1', 'binary'])
      await expect(hash({ path: file }, { algorithm, encoding })).resolves.toBe(digest.toString(encoding))
  }
)

describe('a wrong option rejects and names itself, what came and what there is:', () => {
  test.each([
    ['algorithm', 'sha0', 'ERR_INVALID_ARG_VALUE', /'algorithm'.*'sha256'.*'crc32'.*'sha0'/],
    ['algorithm', 'SHA256', 'ERR_INVALID_ARG_VALUE', /'SHA256'/],
    ['algorithm', '', 'ERR_INVALID_ARG_VALUE', /''/],
    ['algorithm', 5, 'ERR_INVALID_ARG_TYPE', /'algorithm'.*5/],
    ['algorithm', null, 'ERR_INVALID_ARG_TYPE', /'algorithm'/],
    ['algorithm', ['sha256'], 'ERR_INVALID_ARG_TYPE', /'algorithm'.*array/],
    ['encoding', 'utf8', 'ERR_INVALID_ARG_VALUE', /'encoding'.*'hex'.*'buffer'.*'utf8'/],
    ['encoding', true, 'ERR_INVALID_ARG_TYPE', /'encoding'.*true/],
    ['encoding', Buffer.from('hex'), 'ERR_INVALID_ARG_TYPE', /'encoding'/],
    ['level', 5, 'ERR_INVALID_ARG_VALUE', /'level'/]
  ])('%s: %p', async (name, value, code, message) => {
    const error = await hash('abc', { [name]: value }).catch((reason) => reason)
    expect(error).toMatchObject({ name: 'PoolError', code, task: 'native:hash' })
    expect(error.message).toMatch(message)
  })

  test.each([
    ['a BigInt', 5n, /5n/],
    ['a symbol', Symbol('s'), /Symbol\(s\)/],
    ['a function', () => 1, /function/],
    ['NaN', Number.NaN, /NaN/]
  ])('what came is told also of %s', async (_name, algorithm, message) => {
    const error = await hash('abc', { algorithm }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toMatch(message)
  })

  test('an option that cannot be read', async () => {
    const input = {
      get data() {
        throw new Error('of the getter')
      }
    }
    await expect(pool.execute('native:hash', input)).rejects.toThrow('of the getter')
  })
})

describe('a path', () => {
  test('that does not exist rejects as node:fs would', async () => {
    const missing = path.join(directory, 'missing')
    const expected = await fs.promises.readFile(missing).catch((error) => error)
    await expect(hash({ path: missing })).rejects.toMatchObject({
      name: 'PoolError',
      code: 'ENOENT',
      message: expected.message,
      task: 'native:hash'
    })
  })

  test('of a directory rejects with EISDIR', async () => {
    await expect(hash({ path: directory })).rejects.toMatchObject({
      code: 'EISDIR',
      message: expect.stringContaining(directory)
    })
  })

  test('through a file rejects with ENOTDIR', async () => {
    await expect(hash({ path: path.join(__filename, 'inner') })).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  test('that is empty or holds a NUL rejects', async () => {
    await expect(hash({ path: '' })).rejects.toMatchObject({
      name: 'PoolError',
      code: expect.stringMatching(/^E/)
    })
    for (const path of ['a\0b', new URL('file:///a%00b'), '\0'])
      await expect(hash({ path })).rejects.toMatchObject({ name: 'PoolError', code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('that is relative is looked up in the current directory', async () => {
    const relative = path.relative(process.cwd(), __filename)
    await expect(hash({ path: relative })).resolves.toBe(
      createHash('sha256').update(fs.readFileSync(__filename)).digest('hex')
    )
  })

  test('as a URL that is no file rejects', async () => {
    await expect(hash({ path: new URL('http://localhost/') })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_INVALID/)
    })
  })

  test('of an empty file', async () => {
    const file = path.join(directory, 'empty')
    fs.writeFileSync(file, '')
    await expect(hash({ path: file })).resolves.toBe(createHash('sha256').digest('hex'))
  })
})
