const { once } = require('node:events')
const { MessageChannel, MessagePort, markAsUntransferable } = require('node:worker_threads')
const { WorkerPool } = require('..')
const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { keep } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')
const { within } = require('./support/waiting.js')

const TASKS = require.resolve('./fixtures/values/bytes.js')
const pool = keep(new WorkerPool(TASKS, { size: 1, nativeThreads: 1 }))

const filled = (length) => Uint8Array.from({ length }, (_, i) => i + 1).buffer
const isDetached = (buffer) => {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

/** Runs `work` while the only worker is held in a task. */
async function whileBusy(work) {
  const gate = makeGate()
  const held = pool.execute('hold', gate)
  await entered(gate)
  try {
    return await work(() => open(gate))
  } finally {
    open(gate)
    await held
  }
}

describe('an input for a JavaScript task', () => {
  test.each([4, 100_000, 8_000_000])(
    'an ArrayBuffer of %i bytes is detached here at once and owned there',
    async (length) => {
      const buffer = filled(length)
      const result = pool.execute('length', buffer, { transfer: [buffer] })
      expect(isDetached(buffer)).toBe(true)
      await expect(result).resolves.toBe(length)
    }
  )

  test('its bytes are there', async () => {
    const buffer = filled(5)
    await expect(pool.execute('bytes', buffer, { transfer: [buffer] })).resolves.toEqual([1, 2, 3, 4, 5])
  })

  test('nested in an object, as a view, with others that are copied', async () => {
    const [moved, copied] = [filled(8), filled(3)]
    const input = { list: [{ data: new Uint8Array(moved, 2, 4) }], copied }
    const result = pool.execute(
      ({ list, copied }) => [[...list[0].data], [...new Uint8Array(copied)], list[0].data.buffer.byteLength],
      input,
      {
        transfer: [moved]
      }
    )
    expect([isDetached(moved), isDetached(copied)]).toEqual([true, false])
    await expect(result).resolves.toEqual([[3, 4, 5, 6], [1, 2, 3], 8])
  })

  test('while the worker is busy, it is detached at once all the same', async () => {
    await whileBusy(async (release) => {
      const buffers = Array.from({ length: 50 }, (_, i) => filled(i + 1))
      const results = buffers.map((buffer) => pool.execute('bytes', { data: buffer }, { transfer: [buffer] }))
      expect(buffers.every(isDetached)).toBe(true)
      release()
      expect((await Promise.all(results)).map((bytes) => bytes.length)).toEqual(buffers.map((_, i) => i + 1))
    })
  })

  test('what is not transferred is copied at once, also while the worker is busy', async () => {
    await whileBusy(async (release) => {
      const large = new Uint8Array(1 << 20).fill(1)
      const small = Uint8Array.of(1)
      const odd = { data: small, expression: /x/ }
      const results = [large, small, odd].map((input) => pool.execute('bytes', input))
      large.fill(2)
      small.fill(2)
      release()
      const [first, second, third] = await Promise.all(results)
      expect([first.length, first.every((byte) => byte === 1), second, third]).toEqual([
        1 << 20,
        true,
        [1],
        [1]
      ])
    })
  })

  test('an empty ArrayBuffer, and one that the input does not name', async () => {
    const [empty, other] = [new ArrayBuffer(0), filled(8)]
    await expect(pool.execute('length', empty, { transfer: [empty, other] })).resolves.toBe(0)
    expect([isDetached(empty), isDetached(other)]).toEqual([true, true])
  })

  test('a resizable ArrayBuffer stays resizable', async () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 64 })
    const result = pool.execute((data) => [data.byteLength, data.resizable, data.maxByteLength], buffer, {
      transfer: [buffer]
    })
    expect(isDetached(buffer)).toBe(true)
    await expect(result).resolves.toEqual([8, true, 64])
  })

  test('the same buffer goes there and back many times', async () => {
    let buffer = filled(1 << 20)
    for (let i = 0; i < 50; i++) buffer = await pool.execute((data) => data, buffer, { transfer: [buffer] })
    expect(Buffer.from(buffer).equals(Buffer.from(filled(1 << 20)))).toBe(true)
  })
})

describe('a MessagePort', () => {
  test('as an input: messages pass through it while the task runs', async () => {
    const { port1, port2 } = new MessageChannel()
    const result = pool.execute('talk', { port: port2, words: 'hello' }, { transfer: [port2] })
    const [words] = await within(once(port1, 'message'), 'the words of the task')
    expect(words).toBe('hello')
    port1.postMessage('goodbye')
    await expect(result).resolves.toBe('goodbye')
    port1.close()
  })

  test('as an input of a task that waits for the worker', async () => {
    const { port1, port2 } = new MessageChannel()
    const result = await whileBusy(async (release) => {
      const talk = pool.execute('talk', { port: port2, words: 'late' }, { transfer: [port2] })
      release()
      const [words] = await within(once(port1, 'message'), 'the words of the task')
      expect(words).toBe('late')
      port1.postMessage('answer')
      return talk
    })
    expect(result).toBe('answer')
    port1.close()
  })

  test('as a result: the worker goes on listening at its end', async () => {
    const { port } = await pool.execute('openPort')
    expect(port).toBeInstanceOf(MessagePort)
    port.postMessage('words')
    const [message] = await within(once(port, 'message'), 'the echo')
    expect(message).toBe('echo of words')
    port.close()
  })

  test('that is not in transfer is refused', async () => {
    const { port1, port2 } = new MessageChannel()
    await expect(pool.execute('echo', { port: port2 })).rejects.toMatchObject({
      code: 'ERR_NOT_SERIALIZABLE'
    })
    port1.close()
  })
})

describe('an input for a native task', () => {
  const KINDS = [Uint8Array, Int16Array, Float32Array, BigUint64Array, DataView, Buffer]

  test.each(KINDS.map((View) => [View.name, View]))(
    'a %s is detached at once and comes back as the same kind with the same bytes',
    async (_name, View) => {
      const buffer = filled(64)
      const view =
        View === Buffer ? Buffer.from(buffer, 8, 16) : new View(buffer, 8, 16 / (View.BYTES_PER_ELEMENT ?? 1))
      const result = pool.execute('native:noop', { data: view }, { transfer: [buffer] })
      expect(isDetached(buffer)).toBe(true)
      const back = await result
      expect(Object.getPrototypeOf(back)).toBe(View.prototype)
      expect([back.byteOffset, back.byteLength, back.buffer.byteLength]).toEqual([8, 16, 64])
      expect(Buffer.from(back.buffer).equals(Buffer.from(filled(64)))).toBe(true)
    }
  )

  test('an ArrayBuffer comes back as one', async () => {
    const buffer = filled(1 << 20)
    const back = await pool.execute('native:noop', { data: buffer }, { transfer: [buffer] })
    expect(isDetached(buffer)).toBe(true)
    expect(Buffer.from(back).equals(Buffer.from(filled(1 << 20)))).toBe(true)
  })

  test('many large ones in a queue each keep their own bytes', async () => {
    const buffers = Array.from({ length: 40 }, (_, i) => new Uint8Array(100_000).fill(i).buffer)
    const results = buffers.map((data) => pool.execute('native:noop', { data }, { transfer: [data] }))
    expect(buffers.every(isDetached)).toBe(true)
    expect((await Promise.all(results)).map((data) => new Set(new Uint8Array(data)))).toEqual(
      buffers.map((_, i) => new Set([i]))
    )
  })

  test('a MessagePort or shared memory cannot be transferred', async () => {
    const { port1 } = new MessageChannel()
    for (const item of [port1, new SharedArrayBuffer(4)])
      await expect(pool.execute('native:noop', {}, { transfer: [item] })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining('transfer[0]')
      })
    port1.close()
  })
})

describe.each([
  ['JavaScript', 'length', (data) => data],
  ['native', 'native:noop', (data) => ({ data })]
])('a transfer that is wrong, to a %s task, rejects and nothing is lost:', (_kind, task, input) => {
  afterEach(async () => {
    await expect(pool.execute('echo', 'next')).resolves.toBe('next')
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
  })

  test('a buffer twice', async () => {
    const buffer = filled(4)
    await expect(pool.execute(task, input(buffer), { transfer: [buffer, buffer] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('transfer[1]')
    })
    expect(buffer.byteLength).toBe(4)
  })

  test('a view, with the hint to name its buffer', async () => {
    const [view, other] = [Uint8Array.of(1), filled(4)]
    await expect(pool.execute(task, input(view), { transfer: [other, view] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringMatching(/transfer\[1\].*buffer/)
    })
    expect([view.byteLength, other.byteLength]).toEqual([1, 4])
  })

  test.each([
    ['a number', 5],
    ['null', null],
    ['a string', 'buffer']
  ])('%s', async (_name, item) => {
    const buffer = filled(4)
    await expect(pool.execute(task, input(buffer), { transfer: [buffer, item] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringContaining('transfer[1]')
    })
    expect(buffer.byteLength).toBe(4)
  })

  test('a plain object', async () => {
    const buffer = filled(4)
    await expect(pool.execute(task, input(buffer), { transfer: [buffer, {}] })).rejects.toMatchObject({
      name: 'PoolError'
    })
    expect(buffer.byteLength).toBe(4)
  })

  test('a buffer that is detached already', async () => {
    const [gone, buffer] = [filled(4), filled(4)]
    structuredClone(gone, { transfer: [gone] })
    await expect(pool.execute(task, input(buffer), { transfer: [buffer, gone] })).rejects.toMatchObject({
      name: 'PoolError',
      code: expect.stringMatching(/^ERR_(INVALID_ARG_VALUE|NOT_SERIALIZABLE)$/)
    })
    expect(buffer.byteLength).toBe(4)
  })

  test.each([
    ['the memory of a pooled Buffer', () => Buffer.from('pooled').buffer],
    [
      'a buffer that was marked as untransferable',
      () => {
        const buffer = filled(8)
        markAsUntransferable(buffer)
        return buffer
      }
    ]
  ])('%s', async (_name, make) => {
    const buffer = make()
    const before = Buffer.from(new Uint8Array(buffer)).toString('latin1')
    await expect(pool.execute(task, input(buffer), { transfer: [buffer] })).rejects.toMatchObject({
      name: 'PoolError',
      code: expect.stringMatching(/^ERR_(INVALID_ARG_VALUE|NOT_SERIALIZABLE)$/),
      message: expect.stringMatching(/transfer/)
    })
    expect(Buffer.from(new Uint8Array(buffer)).toString('latin1')).toBe(before)
  })

  test('the memory of a pooled Buffer, after a buffer that could be transferred', async () => {
    const buffer = filled(4)
    const transfer = [buffer, Buffer.from('pooled').buffer]
    await expect(pool.execute(task, input(buffer), { transfer })).rejects.toMatchObject({ name: 'PoolError' })
    expect(buffer.byteLength).toBe(4)
  })
})

test('an input that cannot be cloned rejects, and its buffer is not lost', async () => {
  for (const busy of [false, true]) {
    const buffer = filled(4)
    const attempt = () =>
      expect(pool.execute('echo', { buffer, f() {} }, { transfer: [buffer] })).rejects.toMatchObject({
        code: 'ERR_NOT_SERIALIZABLE'
      })
    await (busy ? whileBusy(attempt) : attempt())
    expect(buffer.byteLength).toBe(4)
  }
})

test('a task that a closed pool refuses leaves its buffer alone', async () => {
  const closed = new WorkerPool(TASKS, 1)
  await closed.close()
  for (const task of ['echo', 'native:noop']) {
    const data = filled(4)
    await expect(closed.execute(task, { data }, { transfer: [data] })).rejects.toMatchObject({
      code: 'ERR_POOL_CLOSED'
    })
    expect([task, data.byteLength]).toEqual([task, 4])
  }
})

test('a long list of transferables is checked in a moment', async () => {
  const program = `
    const { WorkerPool } = require(${FACE})
    const transfer = Array.from({ length: 200_000 }, () => ({}))
    transfer.push(transfer[100_000])
    new WorkerPool().execute(() => 1, 0, { transfer }).catch((error) => console.log(error.message))`
  const { stdout } = await outputOf(['-e', program], { patience: 8_000 })
  expect(stdout).toMatch("'transfer[200000]' is in the list twice")
})

describe.each([
  ['native', (data, transfer) => pool.execute('native:noop', { data }, { transfer })],
  ['JavaScript', (data, transfer) => pool.execute((input) => input, data, { transfer })]
])('a list that names what cannot be transferred, for a %s task,', (kind, execute) => {
  const marked = () => {
    const buffer = new ArrayBuffer(10)
    markAsUntransferable(buffer)
    return buffer
  }
  /** Memory that Node made small Buffers of before it began with another. */
  const pooled = () => {
    const { buffer } = Buffer.from('x')
    while (Buffer.allocUnsafe(Buffer.poolSize >> 2).buffer === buffer);
    return buffer
  }

  test.each([
    ['a buffer that is marked', marked],
    ['memory of several Buffers', pooled]
  ])('takes nothing: %s', async (_, make) => {
    for (const at of [0, 1, 2]) {
      const list = [new ArrayBuffer(10), new ArrayBuffer(20)]
      list.splice(at, 0, make())
      const lengths = list.map((buffer) => buffer.byteLength)
      expect(await rejection(execute(list[0], list))).toMatchObject({
        name: 'PoolError',
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining(`'transfer[${at}]'`)
      })
      expect(list.map((buffer) => buffer.byteLength)).toEqual(lengths)
    }
  })

  if (kind === 'native') return
  test('takes no port either', async () => {
    const { port1, port2 } = new MessageChannel()
    expect(await rejection(execute([port2], [port2, marked()]))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE'
    })
    expect(await pool.execute((port) => port.close(), port2, { transfer: [port2] })).toBeUndefined()
    port1.close()
  })
})

test.each([
  ['a Uint8Array', (buffer) => new Uint8Array(buffer)],
  ['a DataView', (buffer) => new DataView(buffer)],
  ['an ArrayBuffer', (buffer) => buffer]
])('a getter that detaches %s before it is read: the rejection has a code', async (_, of) => {
  const buffer = filled(100_000)
  const data = of(buffer)
  const input = {
    get other() {
      structuredClone(buffer, { transfer: [buffer] })
      return 1
    },
    data
  }
  expect(await rejection(pool.execute((given) => given, input))).toMatchObject({
    name: 'PoolError',
    code: 'ERR_NOT_SERIALIZABLE'
  })
})
