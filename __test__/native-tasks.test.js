const { createHash } = require('node:crypto')
const zlib = require('node:zlib')
const { WorkerPool } = require('..')
const { sha256 } = require('./support/bytes.js')
const { makePipe } = require('./support/pipes.js')
const { track } = require('./support/pools.js')

/** A pool that is closed after its test. */
const open = (options) => track(new WorkerPool(options), 'close')

describe('an input that is wrong', () => {
  test.each([
    ['null', null],
    ['a string', 'abc'],
    ['a number', 5],
    ['a boolean', false],
    ['an array', [1]],
    ['a Buffer', Buffer.from('abc')],
    ['an ArrayBuffer', new ArrayBuffer(3)],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a BigInt', 1n]
  ])('%s is no object of options', async (_name, input) => {
    const pool = open()
    await expect(pool.execute('native:hash', input)).rejects.toMatchObject({
      name: 'PoolError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(/'hash'/),
      task: 'native:hash'
    })
    await expect(pool.execute('native:hash', { data: '' })).resolves.toBe(sha256(''))
  })

  test('an option that there is not is named', async () => {
    const pool = open()
    for (const task of ['native:hash', 'native:compress', 'native:noop'])
      await expect(pool.execute(task, { data: Buffer.from('abc'), optoin: 1 })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining("'optoin'"),
        task
      })
  })

  test('an option that refers to itself rejects', async () => {
    const loop = {}
    loop.loop = loop
    await expect(open().execute('native:hash', { data: loop })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE'
    })
  })

  test('no input at all', async () => {
    const pool = open()
    await expect(pool.execute('native:hash')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
  })
})

test('options that are undefined are as if they were not there', async () => {
  const pool = open()
  const input = { data: 'abc', algorithm: undefined, level: undefined, maxOutputLength: undefined }
  expect(zlib.gunzipSync(await pool.execute('native:compress', input)).toString()).toBe('abc')
})

test.each([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a BigInt', 5n]
])('an error about an option tells that %s came', async (_name, level) => {
  const error = await open()
    .execute('native:compress', { data: 'abc', level })
    .catch((reason) => reason)
  expect(error).toMatchObject({
    name: 'PoolError',
    code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/)
  })
  expect(error.message).toContain(`received ${String(level)}`)
})

test('5,000 tasks of every kind at once settle, each with its own outcome', async () => {
  const pool = open({ nativeThreads: 4 })
  const kinds = [
    () => [pool.execute('native:noop'), undefined],
    (i) => [pool.execute('native:hash', { data: `text ${i}` }), sha256(`text ${i}`)],
    (i) => [
      pool.execute('native:hash', { data: Buffer.alloc(40_000, i), algorithm: 'md5' }),
      createHash('md5').update(Buffer.alloc(40_000, i)).digest('hex')
    ],
    (i) => [
      pool.execute('native:hash', { data: { path: `/no/such/file/${i}` } }),
      `ENOENT: no such file or directory, open '/no/such/file/${i}'`
    ],
    (i) => [
      pool
        .execute('native:decompress', { data: zlib.deflateSync(`text ${i}`), algorithm: 'deflate' })
        .then(String),
      `text ${i}`
    ],
    (i) => [
      pool.execute('native:hash', { data: `text ${i}`, [`no${i}`]: 1 }),
      `The task 'hash' has no option 'no${i}'; leave it out.`
    ],
    (i) => {
      const data = Uint8Array.of(i, i >> 8)
      return [pool.execute('native:noop', { data }, { priority: i % 5 }), data]
    },
    (i) => {
      const data = new Uint8Array(50_000).fill(i).buffer
      return [
        pool
          .execute('native:noop', { data }, { transfer: [data] })
          .then((back) => new Uint8Array(back).every((byte) => byte === i % 256)),
        true
      ]
    }
  ]
  const expected = []
  const tasks = Array.from({ length: 5000 }, (_, i) => {
    const [task, outcome] = kinds[i % kinds.length](i)
    expected.push(outcome)
    return task
  })
  const outcomes = await Promise.allSettled(tasks)
  const wrong = outcomes.flatMap(({ value, reason }, i) =>
    (reason?.message ?? value) === expected[i] ? [] : [{ i, value, reason }]
  )
  expect(wrong).toEqual([])
  const refused = 5000 / kinds.length // for an option that there is not, before they are queued
  expect(pool.stats().tasks.submitted).toBe(5000 - refused)
})

/** A native task that reads a named pipe: its thread is in it until `finish`. */
function readPipe(pool) {
  const pipe = makePipe()
  const task = pool.execute('native:hash', { data: { path: pipe.file } })
  const finish = (text) => {
    pipe.release(text)
    return task
  }
  return { task, reached: pipe.reached, finish }
}
const withPipes = process.platform === 'win32' ? describe.skip : describe

withPipes('with one native thread', () => {
  test('tasks run one after another, in the order in which they came', async () => {
    const pool = open({ nativeThreads: 1 })
    const pipe = readPipe(pool)
    await pipe.reached()
    const order = []
    const tasks = Array.from({ length: 300 }, (_, i) => {
      const task = i % 2 ? pool.execute('native:noop') : pool.execute('native:hash', { data: 'x' })
      return task.then(() => order.push(i))
    })
    expect(pool.stats().queue.length).toBe(300)
    await expect(pipe.finish('words')).resolves.toBe(sha256('words'))
    await Promise.all(tasks)
    expect(order).toEqual(Array.from({ length: 300 }, (_, i) => i))
  })

  test('a task of a higher priority runs before those that wait, equals in their order', async () => {
    const pool = open({ nativeThreads: 1 })
    const pipe = readPipe(pool)
    await pipe.reached()
    const order = []
    const levels = ['normal', 'low', 5, 'urgent', 'lowest', 'high', 0, -10, 'urgent', 5, 1e6, -1e6]
    const names = { lowest: -20, low: -10, normal: 0, high: 10, urgent: 20 }
    const tasks = levels.map((priority, i) =>
      pool.execute('native:noop', undefined, { priority }).then(() => order.push(i))
    )
    expect(pool.stats().queue.byPriority).toMatchObject({ 20: 2, 5: 2, 0: 2, '-10': 2 })
    await pipe.finish('')
    await Promise.all(tasks)
    const number = (i) => names[levels[i]] ?? levels[i]
    expect(order).toEqual([...levels.keys()].sort((a, b) => number(b) - number(a) || a - b))
  })
})

withPipes('with two native threads', () => {
  test('one that is held up does not hold up the other', async () => {
    const pool = open({ nativeThreads: 2 })
    const pipe = readPipe(pool)
    await pipe.reached()
    await expect(
      Promise.all(Array.from({ length: 50 }, () => pool.execute('native:noop')))
    ).resolves.toHaveLength(50)
    expect(pool.stats().nativeThreads.busy).toBe(1)
    await expect(pipe.finish('words')).resolves.toBe(sha256('words'))
  })

  test('two tasks run at the same time', async () => {
    const pool = open({ nativeThreads: 2 })
    const [one, other] = [readPipe(pool), readPipe(pool)]
    await Promise.all([one.reached(), other.reached()])
    expect(pool.stats().nativeThreads.busy).toBe(2)
    await expect(Promise.all([one.finish('1'), other.finish('2')])).resolves.toEqual([
      sha256('1'),
      sha256('2')
    ])
  })

  test('close() waits for the task that runs', async () => {
    const pool = open({ nativeThreads: 2 })
    const pipe = readPipe(pool)
    await pipe.reached()
    const order = []
    const closed = pool.close().then(() => order.push('closed'))
    await expect(pool.execute('native:noop')).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' })
    const task = pipe.task.then(() => order.push('task'))
    await pipe.finish('words')
    await Promise.all([closed, task])
    expect(order).toEqual(['task', 'closed'])
  })
})

describe('a large result', () => {
  const data = Buffer.alloc(30_000_000, 'threadmill ')
  const compressed = zlib.gzipSync(data, { level: 1 })

  test('is right, and a Buffer of its own that may be changed', async () => {
    const pool = open()
    const [one, other] = await Promise.all(
      [1, 2].map(() => pool.execute('native:decompress', { data: compressed }))
    )
    expect([one.equals(data), other.equals(data)]).toEqual([true, true])
    expect([one.byteOffset, one.buffer.byteLength]).toEqual([0, 30_000_000])
    one.fill(0)
    expect(other.equals(data)).toBe(true)
  })

  test('outlives its pool', async () => {
    const pool = new WorkerPool()
    const result = await pool.execute('native:decompress', { data: compressed })
    await pool.close()
    expect(result.equals(data)).toBe(true)
  })

  test('goes on to a JavaScript task and to a native one', async () => {
    const pool = open({ maxWorkers: 1 })
    const result = await pool.execute('native:decompress', { data: compressed })
    await expect(pool.execute((bytes) => [bytes.length, bytes[29_999_999]], result)).resolves.toEqual([
      30_000_000,
      data[29_999_999]
    ])
    await expect(pool.execute('native:hash', { data: result, algorithm: 'md5' })).resolves.toBe(
      createHash('md5').update(data).digest('hex')
    )
    expect(result.equals(data)).toBe(true)
  })

  test('that is small can be transferred to a task', async () => {
    const pool = open({ maxWorkers: 1 })
    const result = await pool.execute('native:decompress', { data: zlib.gzipSync(data.subarray(0, 1000)) })
    const back = pool.execute((bytes) => [bytes.length, bytes[5]], result, { transfer: [result.buffer] })
    expect(result.buffer.byteLength).toBe(0)
    await expect(back).resolves.toEqual([1000, data[5]])
  })

  const isHandedOn = process.platform === 'linux' // where V8 itself takes the memory; see onward.test.js
  const onLinux = isHandedOn ? test : test.skip
  onLinux('that is large is memory of Rust, and can be transferred to a task, too', async () => {
    const pool = open({ maxWorkers: 1 })
    const result = await pool.execute('native:decompress', { data: compressed })
    const transfer = [result.buffer]
    await expect(pool.execute((bytes) => bytes.length, result)).resolves.toBe(30_000_000)
    expect(result.equals(data)).toBe(true)
    const back = pool.execute((bytes) => bytes.length, result, { transfer })
    expect(result).toHaveLength(0)
    await expect(back).resolves.toBe(30_000_000)
  })

  test('results around the size from which memory is handed over are right', async () => {
    const pool = open()
    for (const length of [
      1023,
      1024,
      4096,
      8191,
      8192,
      8193,
      16_384,
      32_768,
      32_769,
      65_536,
      65_537,
      131_072,
      131_073,
      1 << 20
    ]) {
      const part = data.subarray(0, length)
      const results = await Promise.all(
        [1, 2, 3].map(() => pool.execute('native:decompress', { data: zlib.gzipSync(part) }))
      )
      for (const result of results) expect(result.equals(part)).toBe(true)
    }
  })
})
