'use strict'

// Results, or parts of them, that are marked with move() are handed over instead of copied.

const { WorkerPool, move } = require('..')
const { makeGate, open } = require('./support/gates.js')
const { keep, track } = require('./support/pools.js')

const TASKS = require.resolve('./fixtures/values/bytes.js')
const pool = keep(new WorkerPool(TASKS, { size: 1, nativeThreads: 1 }))

describe('a result', () => {
  test.each([
    ['buffer', (value) => [...new Uint8Array(value)], [1, 2, 3, 4, 5, 6, 7, 8]],
    [
      'view',
      (value) => [value.constructor.name, value.byteOffset, value.length, value.buffer.byteLength],
      ['Uint16Array', 2, 2, 8]
    ],
    ['Buffer', (value) => [...value], [2, 3, 4]],
    [
      'nested',
      ({ list, again, map }) => [
        list[1].buffer === again,
        map.get('view').buffer === again,
        again.byteLength
      ],
      [true, true, 8]
    ],
    ['later', (value) => value.byteLength, 8]
  ])('moved as %s arrives, and is detached in the worker', async (form, look, expected) => {
    expect(look(await pool.execute('give', { form }))).toEqual(expected)
    await expect(pool.execute('keptLength')).resolves.toBe(0)
  })

  test('that is not moved is copied, and stays in the worker', async () => {
    for (const length of [8, 1 << 20]) {
      expect((await pool.execute('give', { form: 'copy', length })).byteLength).toBe(length)
      await expect(pool.execute('keptLength')).resolves.toBe(length)
    }
  })

  test('with one buffer moved and one copied', async () => {
    const { moved, copied } = await pool.execute('giveTwo')
    expect([...new Uint8Array(moved), ...new Uint8Array(copied)]).toEqual([1, 2, 3, 4])
  })

  test('is right when something else was marked and not returned', async () => {
    for (let i = 0; i < 3; i++) expect([...new Uint8Array(await pool.execute('forget'))]).toEqual([9])
    await expect(pool.execute('echo', { a: [1] })).resolves.toEqual({ a: [1] })
  })

  test('that cannot be sent leaves the moved buffer whole', async () => {
    await expect(pool.execute('giveAndFail')).rejects.toMatchObject({ code: 'ERR_NOT_SERIALIZABLE' })
    await expect(pool.execute('keptLength')).resolves.toBe(8)
  })

  test('move() is found beside a Set that is larger than any argument list', async () => {
    const result = await pool.execute((count) => {
      const { move } = require('threadmill')
      return { many: new Set(Array(count).keys()), moved: move(new ArrayBuffer(8)) }
    }, 500_000)
    expect(result.many.size).toBe(500_000)
    expect(result.moved.byteLength).toBe(8)
  })

  test.each(['markAndFail', 'markAndFailLater', 'markAndForget'])(
    'a mark ends with its task: after %s, the next that returns the buffer copies it',
    async (task) => {
      await pool.execute(task).catch((error) => expect(error.message).toBe('after move'))
      const { cache } = await pool.execute('giveCache')
      expect([...new Uint8Array(cache)]).toEqual([1, 2, 3])
      await expect(pool.execute('cacheLength')).resolves.toBe(3)
    }
  )

  test('with several tasks in a worker, a mark is none for a task that began after it was made', async () => {
    const several = track(new WorkerPool(TASKS, { size: 1, concurrentTasksPerWorker: 4 }))
    const gate = makeGate()
    const waiting = several.execute('waitAsync', { gate })
    await several.execute('markAndFailLater').catch(() => {})
    expect((await several.execute('giveCache')).cache.byteLength).toBe(3)
    await expect(several.execute('cacheLength')).resolves.toBe(3)
    open(gate)
    await waiting
  })

  test('move() throws for what cannot be transferred, and for nothing else', async () => {
    const refused = 'ERR_INVALID_ARG_TYPE'
    await expect(pool.execute('moveEach')).resolves.toEqual({
      plain: refused,
      'without prototype': refused,
      array: refused,
      Map: refused,
      Set: refused,
      Date: refused,
      error: refused,
      promise: refused,
      instance: refused,
      Proxy: refused,
      ArrayBuffer: 'marked',
      view: 'marked',
      MessagePort: 'marked',
      ReadableStream: 'marked'
    })
  })

  test('move() says what it cannot move, and gives shared memory back as it is', async () => {
    for (const value of [1, 'text', null, undefined, true])
      expect(() => move(value)).toThrow(
        expect.objectContaining({ name: 'PoolError', code: 'ERR_INVALID_ARG_TYPE' })
      )
    await expect(pool.execute('moveOf', 5)).resolves.toBe('PoolError')
    const shared = new SharedArrayBuffer(4)
    expect(move(shared)).toBe(shared)
  })
})
