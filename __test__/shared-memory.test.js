const { WorkerPool } = require('..')
const { keep, track } = require('./support/pools.js')

const TASKS = require.resolve('./fixtures/values/bytes.js')
const pool = keep(new WorkerPool(TASKS, { size: 3 }))
beforeAll(() => pool.ready())

test.each([
  ['by itself, as a view', (buffer) => ({ view: new Int32Array(buffer), index: 1, value: 7 }), 'store'],
  [
    'nested, as a buffer',
    (buffer) => ({ buffers: [new SharedArrayBuffer(4), buffer], value: 6 }),
    'storeEach'
  ]
])('shared memory in an input is shared, not copied: %s', async (_name, input, task) => {
  const buffer = new SharedArrayBuffer(8)
  await pool.execute(task, input(buffer))
  expect([...new Int32Array(buffer)]).toContain(7)
})

test('also beside values that only a port carries', async () => {
  const view = new Int32Array(new SharedArrayBuffer(8))
  await pool.execute('store', { view, index: 1, value: 7, expression: /x/, date: new Date() })
  expect(view[1]).toBe(7)
})

test('also beside a buffer that is transferred', async () => {
  const view = new Int32Array(new SharedArrayBuffer(8))
  const buffer = new ArrayBuffer(8)
  await pool.execute('store', { view, index: 1, value: 7, buffer }, { transfer: [buffer] })
  expect([view[1], buffer.byteLength]).toEqual([7, 0])
})

test('what a task writes is there when its promise settles', async () => {
  const view = new Int32Array(new SharedArrayBuffer(4))
  for (let value = 1; value <= 1000; value++) {
    await pool.execute('store', { view, index: 0, value })
    expect(view[0]).toBe(value)
  }
})

test('several workers count in the same memory at the same time', async () => {
  const counters = new Int32Array(new SharedArrayBuffer(16))
  await Promise.all(Array.from({ length: 60 }, () => pool.execute('add', { counters, times: 4000 })))
  expect([...counters]).toEqual([60_000, 60_000, 60_000, 60_000])
})

test('the same buffer twice in one value is the same buffer in the task', async () => {
  const [buffer, other] = [new SharedArrayBuffer(8), new SharedArrayBuffer(8)]
  await expect(pool.execute('same', { a: buffer, b: buffer, view: new Int32Array(buffer) })).resolves.toBe(
    true
  )
  await expect(pool.execute('same', { a: buffer, b: other, view: new Int32Array(buffer) })).resolves.toBe(
    false
  )
  const expression = /x/ // which only a port carries
  await expect(
    pool.execute('same', { a: buffer, b: buffer, view: new Int32Array(buffer), expression })
  ).resolves.toBe(true)
})

test('views keep their kind, offset and length', async () => {
  const buffer = new SharedArrayBuffer(64)
  const kinds = await pool.execute('kinds', {
    bytes: new Uint8Array(buffer, 3, 5),
    doubles: new Float64Array(buffer, 8, 2),
    view: new DataView(buffer, 1, 9),
    buffer
  })
  expect(kinds).toEqual([
    ['bytes', '[object Uint8Array]', 5],
    ['doubles', '[object Float64Array]', 16],
    ['view', '[object DataView]', 9],
    ['buffer', '[object SharedArrayBuffer]', 64]
  ])
})

test('tasks run while the main thread is blocked', () => {
  const view = new Int32Array(new SharedArrayBuffer(8))
  const done = pool.execute('store', { view, index: 1, value: 7 })
  expect(Atomics.wait(view, 1, 0, 10_000)).not.toBe('timed-out')
  expect(view[1]).toBe(7)
  return done
})

test('a chain of tasks is worked off while the main thread is blocked', async () => {
  const counters = new Int32Array(new SharedArrayBuffer(4))
  const last = new Int32Array(new SharedArrayBuffer(4))
  const single = track(new WorkerPool(TASKS, 1), 'close')
  await single.execute('echo')
  const tasks = Array.from({ length: 100 }, () => single.execute('add', { counters, times: 10 }))
  tasks.push(single.execute('store', { view: last, index: 0, value: 1 }))
  expect(Atomics.wait(last, 0, 0, 10_000)).not.toBe('timed-out')
  expect(counters[0]).toBe(1000)
  await Promise.all(tasks)
})

test('two tasks on two workers wait for each other', async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const [even, odd] = await Promise.all(
    [0, 1].map((me) => pool.execute('takeTurns', { flag, me, rounds: 200 }))
  )
  expect(even.seen).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i))
  expect(odd.seen).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i + 1))
  expect(even.threadId).not.toBe(odd.threadId)
})

test('a worker that starts later knows the memory that others were given before', async () => {
  const growing = track(new WorkerPool(TASKS, { maxWorkers: 2 }), 'close')
  const flag = new Int32Array(new SharedArrayBuffer(4))
  await growing.execute('store', { view: flag, index: 0, value: 0 })
  // Needs two workers at a time, so the second is started now.
  const [even, odd] = await Promise.all(
    [0, 1].map((me) => growing.execute('takeTurns', { flag, me, rounds: 10 }))
  )
  expect(even.threadId).not.toBe(odd.threadId)
  expect(flag[0]).toBe(20)
})

test('tasks that were submitted before the first worker is up share memory', async () => {
  const fresh = track(new WorkerPool(TASKS, { size: 2 }), 'close')
  const counters = new Int32Array(new SharedArrayBuffer(4))
  await Promise.all(Array.from({ length: 20 }, () => fresh.execute('add', { counters, times: 5 })))
  expect(counters[0]).toBe(100)
})

describe('results', () => {
  test('that contain shared memory share it', async () => {
    const single = track(new WorkerPool(TASKS, 1), 'close')
    const buffer = await single.execute('openShared')
    expect(Object.prototype.toString.call(buffer)).toBe('[object SharedArrayBuffer]')
    new Int32Array(buffer)[0] = 42
    await expect(single.execute('readShared')).resolves.toBe(42)
    // And on to another task.
    await single.execute('store', { view: new Int32Array(buffer), index: 0, value: 43 })
    await expect(single.execute('readShared')).resolves.toBe(43)
  })

  test('that give back what came share it', async () => {
    const buffer = new SharedArrayBuffer(8)
    const [one, other] = await pool.execute('echo', [new Int32Array(buffer), buffer])
    expect(one.buffer).toBe(other)
    new Int32Array(buffer)[1] = 5
    expect(one[1]).toBe(5)
  })
})

describe('many buffers', () => {
  test('a thousand in one value', async () => {
    const buffers = Array.from({ length: 1000 }, () => new SharedArrayBuffer(4))
    await pool.execute('storeEach', { buffers, value: 100 })
    expect(buffers.map((buffer) => new Int32Array(buffer)[0])).toEqual(buffers.map((_, i) => 100 + i))
  })

  test('a thousand in a thousand tasks', async () => {
    const buffers = Array.from({ length: 1000 }, () => new SharedArrayBuffer(4))
    await Promise.all(
      buffers.map((buffer, i) => pool.execute('storeEach', { buffers: [buffer], value: i + 1 }))
    )
    expect(buffers.map((buffer) => new Int32Array(buffer)[0])).toEqual(buffers.map((_, i) => i + 1))
  })

  test('memory that nobody else refers to lives until its tasks are over', async () => {
    const results = Array.from({ length: 2000 }, (_, i) => {
      const view = new Uint8Array(new SharedArrayBuffer(1 << 16)).fill(i % 251)
      return pool.execute('length', view)
    })
    expect(new Set(await Promise.all(results))).toEqual(new Set([1 << 16]))
  })
})

test('a growable buffer that grows is seen to have grown, and back', async () => {
  const buffer = new SharedArrayBuffer(8, { maxByteLength: 64 })
  await expect(pool.execute('length', buffer)).resolves.toBe(8)
  buffer.grow(32)
  await expect(pool.execute('length', buffer)).resolves.toBe(32)
  await pool.execute((shared) => {
    shared.grow(64)
    new Uint8Array(shared)[63] = 9
  }, buffer)
  expect(buffer.byteLength).toBe(64)
  expect(new Uint8Array(buffer)[63]).toBe(9)
})

test('a view that tracks the length of a growable buffer tracks it in the task', async () => {
  const buffer = new SharedArrayBuffer(8, { maxByteLength: 64 })
  const length = await pool.execute((view) => {
    view.buffer.grow(40)
    return view.length
  }, new Uint8Array(buffer))
  expect([length, buffer.byteLength]).toEqual([40, 40])
})
