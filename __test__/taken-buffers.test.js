'use strict'

// What `transfer` names is taken from its owner once nothing can refuse the task any more, all of it or none.

require('./support/probe.js')
const { WorkerPool } = require('..')
const { Faults } = require('../threadmill.testing.node')
const { rejection } = require('./support/outcomes.js')
const { makePipe } = require('./support/pipes.js')
const { keep, track } = require('./support/pools.js')

const pool = keep(new WorkerPool({ nativeThreads: 1, maxWorkers: 1 }))

const noop = (data, transfer, more) => pool.execute('native:noop', { data }, { transfer, ...more })

describe('a native task that is refused has taken nothing', () => {
  const LENGTH = 100_000

  test.each([
    ['a wrong option', { algorithm: 'sha0' }, undefined, 'ERR_INVALID_ARG_VALUE'],
    ['an option that there is not', { colour: 1 }, undefined, 'ERR_INVALID_ARG_VALUE'],
    ['a wrong limit', {}, { timeout: -1 }, 'ERR_OUT_OF_RANGE'],
    [
      'a getter that throws',
      {
        get algorithm() {
          throw new Error('not today')
        }
      },
      undefined,
      'ERR_INVALID_ARG_VALUE'
    ]
  ])('for %s', async (_, options, more, code) => {
    const buffer = new ArrayBuffer(LENGTH)
    const input = Object.defineProperties({ data: buffer }, Object.getOwnPropertyDescriptors(options))
    const refused = pool.execute('native:hash', input, { transfer: [buffer], ...more })
    expect(await rejection(refused)).toMatchObject({ name: 'PoolError', code })
    expect(buffer.byteLength).toBe(LENGTH)
  })

  test('for want of a thread', async () => {
    const own = track(new WorkerPool({ nativeThreads: 2 }))
    const buffer = new ArrayBuffer(LENGTH)
    const run = () => own.execute('native:noop', { data: buffer }, { transfer: [buffer] })
    Faults.refuse('thread')
    const error = await rejection(run())
    expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_OUT_OF_MEMORY', task: 'native:noop' })
    expect(error.message).toContain('thread')
    expect(buffer.byteLength).toBe(LENGTH)
    // It is granted the next time.
    expect((await run()).byteLength).toBe(LENGTH)
    expect(buffer.byteLength).toBe(0)
  })

  test.each([10, LENGTH])('for want of memory for a copy of another input, with %d bytes', async (length) => {
    const [data, bytes] = [new ArrayBuffer(length), new Uint8Array(10).fill(7)]
    const run = () => pool.execute('native:probe-echo', { data, buffers: [bytes] }, { transfer: [data] })
    Faults.refuse('memory')
    expect(await rejection(run())).toMatchObject({ name: 'PoolError', code: 'ERR_OUT_OF_MEMORY' })
    expect(data.byteLength).toBe(length)
    expect(await run()).toMatchObject({ data: Buffer.alloc(length), buffers: [bytes] })
    expect(data.byteLength).toBe(0)
  })

  test.each([
    ['closed', 'close', 'ERR_POOL_CLOSED'],
    ['terminated', 'terminate', 'ERR_POOL_TERMINATED']
  ])('for a getter that has %s the pool', async (_, way, code) => {
    const own = track(new WorkerPool({ nativeThreads: 1 }))
    const buffer = new ArrayBuffer(LENGTH)
    const input = {
      data: buffer,
      get algorithm() {
        own[way]()
        return 'md5'
      }
    }
    const refused = own.execute('native:hash', input, { transfer: [buffer] })
    expect(await rejection(refused)).toMatchObject({ code })
    expect(buffer.byteLength).toBe(LENGTH)
  })

  test('for a getter that has aborted it', async () => {
    const controller = new AbortController()
    const buffer = new ArrayBuffer(LENGTH)
    const input = {
      get data() {
        controller.abort()
        return buffer
      }
    }
    const { signal } = controller
    const refused = pool.execute('native:noop', input, { transfer: [buffer], signal })
    expect(await rejection(refused)).toBe(signal.reason)
    expect(buffer.byteLength).toBe(LENGTH)
  })

  test('for a getter that has filled the queue', async () => {
    const own = track(new WorkerPool({ nativeThreads: 1, maxQueue: 1 }))
    const pipe = makePipe()
    const holding = own.execute('native:hash', { data: { path: pipe.file } })
    await pipe.reached()
    const buffer = new ArrayBuffer(LENGTH)
    let filling
    const input = {
      get data() {
        filling = own.execute('native:noop')
        return buffer
      }
    }
    const refused = own.execute('native:noop', input, { transfer: [buffer] })
    expect(await rejection(refused)).toMatchObject({ code: 'ERR_QUEUE_FULL' })
    expect(buffer.byteLength).toBe(LENGTH)
    pipe.release()
    await Promise.all([holding, filling])
  })

  test('for a getter that has taken a part of it', async () => {
    const [whole, gone] = [new ArrayBuffer(LENGTH), new ArrayBuffer(LENGTH)]
    const input = {
      get data() {
        structuredClone(gone, { transfer: [gone] })
        return whole
      }
    }
    const refused = pool.execute('native:noop', input, { transfer: [whole, gone] })
    expect(await rejection(refused)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(whole.byteLength).toBe(LENGTH)
  })
})

describe('buffers and views that are not what they seem', () => {
  test('an own length is not asked', async () => {
    for (const length of [10, 100_000]) {
      const view = Object.defineProperty(new Uint8Array(length).fill(1), 'byteLength', { value: 5 })
      const read = pool.execute('native:probe-read', { data: view })
      expect((await read).equals(Buffer.alloc(length, 1))).toBe(true)
      Object.defineProperty(view.buffer, 'byteLength', { value: 5 })
      Object.defineProperty(view.buffer, 'resizable', { value: true })
      const back = await noop(view, [view.buffer])
      expect([back.length, back.buffer.byteLength]).toEqual([length, length])
    }
  })

  test('an own length does not hide that a buffer is detached', async () => {
    const buffer = new ArrayBuffer(10)
    structuredClone(buffer, { transfer: [buffer] })
    Object.defineProperty(buffer, 'byteLength', { value: 10 })
    expect(await rejection(noop(buffer, []))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(await rejection(noop(undefined, [buffer]))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('a subclass comes back as one, and its constructor does not run', async () => {
    let isOver = false
    class Picky extends Float64Array {
      constructor(...rest) {
        if (isOver) throw new Error('no more of these')
        super(...rest)
      }
    }
    const view = Picky.of(1, 2, 3)
    isOver = true
    const back = await noop(view, [view.buffer])
    expect([Object.getPrototypeOf(back), [...back]]).toEqual([Picky.prototype, [1, 2, 3]])
  })

  test('a class that lies about its elements is not asked', async () => {
    const view = new Uint16Array([1, 2, 3, 4])
    Object.defineProperty(view, 'constructor', { value: { BYTES_PER_ELEMENT: 0 } })
    expect([...(await noop(view, [view.buffer]))]).toEqual([1, 2, 3, 4])
  })

  test('a DataView of bytes that its buffer no longer has is refused', async () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 16 })
    const view = new DataView(buffer, 8, 8)
    buffer.resize(4)
    expect(await rejection(noop(view, []))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('made smaller')
    })
  })

  test('a resizable buffer goes there and back', async () => {
    const buffer = new ArrayBuffer(100_000, { maxByteLength: 200_000 })
    const back = await noop(buffer, [buffer])
    expect([buffer.byteLength, back.byteLength, back.resizable, back.maxByteLength]).toEqual([
      0,
      100_000,
      true,
      200_000
    ])
  })
})

const VIEWS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint32Array,
  Float64Array,
  BigInt64Array,
  globalThis.Float16Array
]

test.each(VIEWS.filter((View) => View !== undefined).map((View) => [View.name, View]))(
  'a %s is handed over, and comes back as one',
  async (_name, View) => {
    const view = new View(8)
    const back = await noop(view, [view.buffer])
    expect(view.buffer.byteLength).toBe(0)
    expect([back.constructor.name, back.length]).toEqual([View.name, 8])
  }
)

describe('more than 4 GiB', () => {
  const LENGTH = 2 ** 32 + 2 ** 20 // of pages that nobody has touched

  test.each([
    ['an ArrayBuffer', () => new ArrayBuffer(LENGTH)],
    ['a DataView', () => new DataView(new ArrayBuffer(LENGTH))]
  ])(
    '%s is read to its last byte',
    async (_, make) => {
      const data = make()
      const buffer = ArrayBuffer.isView(data) ? data.buffer : data
      new Uint8Array(buffer, LENGTH - 10, 10).fill(7)
      const sums = await pool.execute('native:probe-ends', { data })
      expect(sums).toEqual([LENGTH, 70])
    },
    60_000
  )

  test('is handed over, and comes back', async () => {
    const buffer = new ArrayBuffer(LENGTH)
    new Uint8Array(buffer, LENGTH - 10, 10).fill(7)
    const back = await noop(buffer, [buffer])
    expect([buffer.byteLength, back.byteLength]).toEqual([0, LENGTH])
    expect([...new Uint8Array(back, LENGTH - 2)]).toEqual([7, 7])
  })
})

test('a JavaScript task for which no worker can be started keeps what it was to hand over', async () => {
  const own = track(new WorkerPool({ maxWorkers: 1, execArgv: ['--there-is-no-such-flag'] }))
  own.on('error', () => {})
  const buffer = new ArrayBuffer(10)
  const refused = own.execute((given) => given.byteLength, buffer, { transfer: [buffer] })
  expect(await rejection(refused)).toMatchObject({ code: 'ERR_WORKER_EXITED' })
  expect(buffer.byteLength).toBe(10)
})
