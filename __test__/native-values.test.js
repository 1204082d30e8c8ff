'use strict'

// What native tasks can take and give back, whatever they are: shown with tasks that do nothing else.

const { ENVIRONMENT } = require('./support/probe.js')
const { constants } = require('node:buffer')
const { PoolError, WorkerPool } = require('..')
const { write } = require('./support/files.js')
const { makeRandom } = require('./support/numbers.js')
const { outcomeOf, rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')

const echo = (input, options) => track(new WorkerPool()).execute('native:probe-echo', input, options)
const STEPS = [
  { width: 1, label: 'first', bytes: Uint8Array.of(1), points: [0, 0.5, -1] },
  { width: 1000, points: [] }
]

describe('options', () => {
  test('of every type arrive', async () => {
    const input = {
      data: 'ä',
      bytes: 'text',
      choice: 'two',
      whole: -10,
      ranged: 20,
      key: 'ab',
      number: 1e-9,
      boolean: true,
      text: 'words',
      json: { any: ['thing', null, { attachment: 0 }] }
    }
    expect(await echo(input)).toEqual({ ...input, data: Buffer.from('ä') })
  })

  test('that are left out have their defaults', async () => {
    expect(await echo({})).toEqual({ choice: 'one', boolean: false })
    expect(await echo()).toEqual({ choice: 'one', boolean: false })
  })

  test('nest', async () => {
    const { steps } = await echo({ steps: STEPS })
    expect(steps).toEqual([
      { width: 1, label: 'first', bytes: Uint8Array.of(1), points: Float64Array.of(0, 0.5, -1) },
      { width: 1000, label: 'none', bytes: null, points: new Float64Array() }
    ])
    expect(await echo({ steps: [] })).toMatchObject({ steps: [] })
  })

  test('that are numbers arrive to the last digit', async () => {
    const random = makeRandom(7)
    const numbers = Array.from({ length: 500 }, () => random() * 10 ** Math.floor(random() * 600 - 300))
    const odd = [-0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1 + 0.2, 2 ** 53 + 2]
    for (const number of odd) expect(Object.is((await echo({ number })).number, number)).toBe(true)
    expect((await echo({ json: numbers })).json).toEqual(numbers)
    const points = numbers.map((number) => number % 1)
    expect((await echo({ steps: [{ width: 1, points }] })).steps[0].points).toEqual(Float64Array.from(points))
  })

  test('of any JSON arrive as deep as Rust reads, and as UTF-8 has them', async () => {
    const nested = (depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
    expect((await echo({ json: nested(100) })).json).toEqual(nested(100))
    const error = await rejection(echo({ json: nested(101) }))
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    expect(error.message).toContain("'json' of 'probe-echo' must not nest deeper than 100 levels")
    const json = { '\ud800': 'a\udfffb', '\\ud800': '\ud83d\ude00 [{"' }
    expect((await echo({ json })).json).toEqual({ '\ufffd': 'a\ufffdb', '\\ud800': '\ud83d\ude00 [{"' })
  })

  test('that look like what bytes cross as are what they are', async () => {
    const json = [{ attachment: 0 }, { text: 0 }, { path: __filename }, { shown: 'x' }, ['b', 'Buffer']]
    expect(await echo({ json, bytes: Uint8Array.of(1) })).toMatchObject({ json })
    expect(await echo({ text: '{"attachment":0}', bytes: '{"text":0}' })).toMatchObject({
      text: '{"attachment":0}',
      bytes: '{"text":0}'
    })
  })

  test('of text may be long, and of any characters', async () => {
    for (const text of ['', 'ж'.repeat(100_000), 'x'.repeat(1024), 'x'.repeat(1025), '𝒳 "\\\n\0'])
      expect(await echo({ text, bytes: text, data: text })).toEqual({
        text,
        bytes: text,
        data: Buffer.from(text),
        choice: 'one',
        boolean: false
      })
  })
})

describe('bytes', () => {
  test('come in lists, each as it came', async () => {
    const large = new Uint8Array(100_000).fill(9)
    const buffers = [
      Buffer.from('a'),
      'text',
      large,
      new DataView(new ArrayBuffer(3)),
      new ArrayBuffer(0),
      large
    ]
    const { buffers: back } = await echo({ buffers })
    expect(back).toHaveLength(buffers.length)
    for (const [index, buffer] of buffers.entries()) expect(back[index]).toBe(buffer)
  })

  test('of a list are transferred like others', async () => {
    const [one, two] = [new Uint8Array(50_000).fill(1), new Uint8Array(10).fill(2)]
    const promise = echo({ buffers: [one, two] }, { transfer: [one.buffer, two.buffer] })
    expect([one.length, two.length]).toEqual([0, 0])
    const { buffers } = await promise
    expect(buffers).toEqual([new Uint8Array(50_000).fill(1), new Uint8Array(10).fill(2)])
  })

  test('are read from files where they may be', async () => {
    const path = write('file', 'content')
    expect(await echo({ data: { path } })).toMatchObject({ data: Buffer.from('content') })
  })
})

describe('what is said of options within options', () => {
  test.each([
    [
      'a list',
      { buffers: 'x' },
      'ERR_INVALID_ARG_TYPE',
      "'buffers' of 'probe-echo' must be an array; received 'x'."
    ],
    [
      'an item',
      { buffers: ['a', 5] },
      'ERR_INVALID_ARG_TYPE',
      "'buffers[1]' of 'probe-echo' must be a Buffer"
    ],
    [
      'the length of a list',
      { buffers: Array(101).fill('') },
      'ERR_OUT_OF_RANGE',
      'must have 0 to 100 items; received 101.'
    ],
    [
      'a record',
      { steps: [5] },
      'ERR_INVALID_ARG_TYPE',
      "'steps[0]' of 'probe-echo' must be an object; received 5."
    ],
    ['an option of a record', { steps: STEPS.concat({ width: 0 }) }, 'ERR_OUT_OF_RANGE', "'steps[2].width'"],
    [
      'one that is missing',
      { steps: [{}] },
      'ERR_INVALID_ARG_TYPE',
      "'steps[0].width' of 'probe-echo' must be a whole number from 1 to 1000; received nothing."
    ],
    [
      'one that there is not',
      { steps: [{ width: 1, height: 1 }] },
      'ERR_INVALID_ARG_VALUE',
      "'probe-echo' has no option 'steps[0].height'"
    ],
    [
      'an item of a list in a record',
      { steps: [{ width: 1, points: [0, 2] }] },
      'ERR_OUT_OF_RANGE',
      "'steps[0].points[1]' of 'probe-echo' must be a number from -1 to 1; received 2."
    ],
    ['no number', { number: Number.NaN }, 'ERR_OUT_OF_RANGE', 'must be a finite number; received NaN.'],
    ['a boolean', { boolean: 1 }, 'ERR_INVALID_ARG_TYPE', 'must be a boolean; received 1.'],
    ['text', { text: 1 }, 'ERR_INVALID_ARG_TYPE', 'must be a string; received 1.'],
    [
      'what JSON cannot say',
      { json: 1n },
      'ERR_INVALID_ARG_TYPE',
      "'json' of 'probe-echo' must be what JSON can say; received 1n."
    ],
    [
      'a range that goes by another option',
      { choice: 'two', ranged: 1 },
      'ERR_OUT_OF_RANGE',
      'must be a whole number from 2 to 20 for two; received 1.'
    ],
    [
      'an option that does not go with another',
      { choice: 'three', ranged: 1 },
      'ERR_INVALID_ARG_VALUE',
      "goes with the choice one, two; leave it out for 'three'."
    ]
  ])('%s', async (_, input, code, words) => {
    const error = await rejection(echo(input))
    expect(error).toBeInstanceOf(PoolError)
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
  })

  test.each([
    ['detached', (buffer) => structuredClone(buffer, { transfer: [buffer] }), 'is a detached buffer'],
    ['made smaller', (buffer) => buffer.resize(10), 'is a buffer that was made smaller meanwhile']
  ])('bytes that a later getter has %s', async (_, spoil, words) => {
    const buffer = new ArrayBuffer(1000, { maxByteLength: 1000 })
    const later = {
      get width() {
        spoil(buffer)
        return 1
      }
    }
    const error = await rejection(
      echo({ steps: [{ width: 1, bytes: new Uint8Array(buffer, 500, 500) }, later] })
    )
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toContain(`'steps[0].bytes' of 'probe-echo' ${words}`)
  })

  test('a circle', async () => {
    const json = {}
    json.json = json
    expect(await rejection(echo({ json }))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    const steps = []
    steps.push(steps)
    expect(await rejection(echo({ steps }))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('memory that comes back', () => {
  const arrays = (input) => track(new WorkerPool()).execute('native:probe-arrays', input)
  const KINDS = {
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
    BigUint64Array
  }
  const expected = (View, length) =>
    View.from({ length }, (_, n) => (View.name.startsWith('Big') ? BigInt(n) : n))

  test.each([0, 1, 100, 10_000])('is of every kind, alone and with others: %i elements', async (length) => {
    const record = await arrays({ length, shape: 'record' })
    const list = await arrays({ length, shape: 'list' })
    expect(Object.values(record)).toEqual(list)
    const bytes = Buffer.from(Uint8Array.from({ length }, (_, n) => n))
    expect(Buffer.isBuffer(record.Buffer)).toBe(true)
    expect(record.Buffer.equals(bytes)).toBe(true)
    expect(Buffer.from(record.ArrayBuffer).equals(bytes)).toBe(true)
    for (const [name, View] of Object.entries(KINDS)) {
      const want = View === Uint8ClampedArray ? Uint8ClampedArray.from(bytes) : expected(View, length)
      expect(record[name].constructor.name).toBe(name)
      expect(Buffer.from(record[name].buffer, record[name].byteOffset, record[name].byteLength)).toEqual(
        Buffer.from(want.buffer)
      )
    }
  })

  test('beyond the largest buffer of this Node is refused, and the process goes on', async () => {
    const length = 2 ** 29 + 1 // of eight bytes each, which nobody has touched
    const pool = track(new WorkerPool({ nativeThreads: 1 }))
    const outcome = await outcomeOf(pool.execute('native:probe-arrays', { length, shape: 'zeros' }))
    if (8 * length > constants.MAX_LENGTH) expect(outcome.code).toBe('ERR_BUFFER_TOO_LARGE')
    else expect(outcome.value).toHaveLength(length)
    expect(await pool.execute('native:noop', { data: 'x' })).toBe('x')
  })

  test('may be written to, and is the receiver’s own', async () => {
    const pool = track(new WorkerPool())
    const [one, two] = await Promise.all(
      [1, 2].map(() => pool.execute('native:probe-arrays', { length: 5000 }))
    )
    one.fill(7)
    expect(two).toEqual(expected(Float64Array, 5000))
  })
})

describe('a panic', () => {
  const panic = (words, more) =>
    track(new WorkerPool({ nativeThreads: 1 })).execute('native:probe-panic', { words, ...more })

  test.each([
    ['no words', ''],
    ['braces', '{} {0} {x}'],
    ['words of every script', 'ж 𝒳 é \0 \n'],
    ['many words', 'words '.repeat(10_000)]
  ])('with %s is told of', async (_, words) => {
    const error = await rejection(panic(words))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_TASK_PANIC', task: 'native:probe-panic' })
    expect(error.message).toContain(words)
  })

  test('leaves its thread, its buffer and the others as they were', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 1 }))
    const data = Buffer.alloc(1 << 20, 7)
    const tasks = Array.from({ length: 100 }, (_, n) =>
      n % 3 === 0
        ? pool.execute('native:probe-panic', { words: `words ${n}`, data })
        : pool.execute('native:noop', { data: String(n) })
    )
    for (const [n, { value, reason }] of (await Promise.allSettled(tasks)).entries()) {
      if (n % 3 > 0) expect(value).toBe(String(n))
      else expect(reason.message).toContain(`words ${n}`)
    }
    expect(data.equals(Buffer.alloc(1 << 20, 7))).toBe(true)
    expect(pool.stats()).toMatchObject({
      tasks: { submitted: 100, completed: 66, failed: 34 },
      nativeThreads: { total: 1 }
    })
  })

  test('leaves nothing on the console', async () => {
    const program = `
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool()
      pool.execute('native:probe-panic', { words: 'words' }).catch(({ code }) => console.log(code)).then(() => pool.close())`
    expect(await outputOf(['-e', program], { env: ENVIRONMENT })).toEqual({
      stdout: 'ERR_TASK_PANIC\n',
      stderr: ''
    })
  })

  test('may be tried again', async () => {
    const pool = track(new WorkerPool())
    const attempts = []
    const when = (error, attempt) => {
      attempts.push([error.code, attempt])
      return true
    }
    await rejection(pool.execute('native:probe-panic', {}, { retries: { max: 2, when } }))
    expect(attempts).toEqual([
      ['ERR_TASK_PANIC', 1],
      ['ERR_TASK_PANIC', 2]
    ])
  })
})
