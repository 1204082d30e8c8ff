'use strict'

const { write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { range } = require('./support/numbers.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

const single = poolsOf(undefined, { maxWorkers: 1 })

describe('a promise is awaited', () => {
  test('an async function', async () => {
    const pool = single()
    await expect(pool.execute(async (n) => n + 1, 1)).resolves.toBe(2)
  })

  test('timers, immediates and microtasks', async () => {
    const pool = single()
    const task = (kind) =>
      new Promise((resolve) => {
        if (kind === 'timer') setTimeout(resolve, 5, kind)
        else if (kind === 'immediate') setImmediate(resolve, kind)
        else if (kind === 'tick') process.nextTick(resolve, kind)
        else queueMicrotask(() => resolve(kind))
      })
    const kinds = ['timer', 'immediate', 'tick', 'microtask']
    await expect(Promise.all(kinds.map((kind) => pool.execute(task, kind)))).resolves.toEqual(kinds)
  })

  test('input and output of the worker’s own', async () => {
    const pool = single()
    const task = () =>
      new Promise((resolve, reject) => {
        const net = require('node:net')
        const server = net.createServer((socket) => socket.end('served')).on('error', reject)
        server.listen(0, '127.0.0.1', () => {
          let text = ''
          net
            .connect(server.address().port, '127.0.0.1')
            .on('data', (data) => {
              text += data
            })
            .on('close', () => server.close(() => resolve(text)))
            .on('error', reject)
        })
      })
    await expect(within(pool.execute(task), 'the task')).resolves.toBe('served')
  })

  test('a promise of a promise', async () => {
    const pool = single()
    await expect(pool.execute(async () => Promise.resolve(Promise.resolve(1)))).resolves.toBe(1)
  })

  test.each([
    ['an object', (resolve) => ({ then: (done) => done('value'), resolve }), 'value'],
    ['a function', () => Object.assign(() => {}, { then: (done) => done('value') }), 'value'],
    ['nested', () => ({ then: (done) => done({ then: (inner) => inner('value') }) }), 'value'],
    ['late', () => ({ then: (done) => setTimeout(done, 5, 'value') }), 'value']
  ])('a thenable: %s', async (_, task, value) => {
    await expect(within(single().execute(task), 'the task')).resolves.toBe(value)
  })

  test('an object whose then is no function is a value', async () => {
    await expect(single().execute(() => ({ then: 'later' }))).resolves.toEqual({ then: 'later' })
  })
})

describe('a rejection is passed on', () => {
  test.each([
    [
      'an async function that throws',
      async () => {
        throw new RangeError('no')
      }
    ],
    ['a rejected promise', () => Promise.reject(new RangeError('no'))],
    ['a timer', () => new Promise((_, reject) => setTimeout(reject, 5, new RangeError('no')))],
    ['a thenable that rejects', () => ({ then: (_, reject) => reject(new RangeError('no')) })],
    [
      'a thenable that throws',
      () => ({
        then() {
          throw new RangeError('no')
        }
      })
    ],
    [
      'a then that cannot be read',
      () => ({
        get then() {
          throw new RangeError('no')
        }
      })
    ]
  ])('%s', async (_, task) => {
    const pool = single()
    const error = await rejection(pool.execute(task))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toBe('no')
    await expect(pool.execute(() => 'next')).resolves.toBe('next')
  })

  test.each([[undefined], [null], [0], ['text'], [false]])('as it is: %p', async (value) => {
    const outcome = single().execute(async (value) => {
      throw value
    }, value)
    await expect(within(Promise.allSettled([outcome]), 'the task')).resolves.toEqual([
      { status: 'rejected', reason: value }
    ])
  })

  test('a promise that settles twice counts once', async () => {
    const pool = single()
    const task = () => ({
      then(resolve, reject) {
        resolve('first')
        resolve('second')
        reject(new Error('third'))
      }
    })
    await expect(pool.execute(task)).resolves.toBe('first')
    await expect(pool.execute(() => 'next')).resolves.toBe('next')
    expect(pool.stats().tasks).toMatchObject({ submitted: 2, completed: 2, failed: 0 })
  })
})

describe('what a task returns may have a `then` of any kind', () => {
  const failing = [
    [
      'a promise whose own then throws',
      () =>
        Object.assign(Promise.resolve(1), {
          then() {
            throw new RangeError('no')
          }
        })
    ],
    [
      'a promise whose then cannot be read',
      () =>
        Object.defineProperty(Promise.resolve(1), 'then', {
          get() {
            throw new RangeError('no')
          }
        })
    ],
    [
      'a promise whose constructor cannot be read',
      () =>
        Object.defineProperty(Promise.resolve(1), 'constructor', {
          get() {
            throw new RangeError('no')
          }
        })
    ],
    [
      'a promise of a class that cannot be made',
      () => {
        let made = 0
        class Once extends Promise {
          constructor(executor) {
            if (++made > 1) throw new RangeError('no')
            super(executor)
          }
        }
        return new Once((resolve) => resolve(1))
      }
    ],
    [
      'a promise of another realm that throws',
      () => require('node:vm').runInNewContext('Promise.reject(error)', { error: new RangeError('no') })
    ],
    ['a Proxy of a promise that throws', () => new Proxy({ then: (_, no) => no(new RangeError('no')) }, {})]
  ]

  test.each(failing)('%s rejects, and the next task runs', async (_, task) => {
    const pool = single()
    const view = makeView(1)
    await pool.execute((view) => {
      const tick = () => {
        Atomics.add(view, 0, 1)
        setTimeout(tick, 1)
      }
      tick()
    }, view)
    const error = await rejection(pool.execute(task), 'the task')
    expect(error).toMatchObject({ name: 'RangeError', message: 'no' })
    // Its event loop turns: the worker is at rest.
    const ticks = Atomics.load(view, 0)
    await until(() => Atomics.load(view, 0) > ticks + 1, 'a turn of the worker')
    await expect(
      within(
        pool.execute(() => 'next'),
        'the next task'
      )
    ).resolves.toBe('next')
    await within(pool.close(), 'close()')
  })

  test.each([
    ['at once', () => ({ then: (resolve) => resolve('value') })],
    [
      'and throws then',
      () => ({
        then(resolve) {
          resolve('value')
          throw new Error('too late')
        }
      })
    ],
    ['a subclass of Promise', () => new (class extends Promise {})((resolve) => resolve('value'))],
    ['a promise of another realm', () => require('node:vm').runInNewContext("(async () => 'value')()")],
    [
      'a promise with a then of its own',
      () => Object.assign(Promise.resolve('other'), { then: (resolve) => resolve('value') })
    ],
    ['another thenable', () => ({ then: (resolve) => resolve({ then: (inner) => inner('value') }) })]
  ])('one that calls back %s resolves', async (_, task) => {
    const pool = single()
    await expect(within(pool.execute(task), 'the task')).resolves.toBe('value')
    await expect(
      within(
        pool.execute(() => 'next'),
        'the next task'
      )
    ).resolves.toBe('next')
  })

  const reads = () => {
    let count = 0
    return {
      get then() {
        count++
        return (resolve) => resolve(count)
      }
    }
  }
  const changes = () => {
    let count = 0
    return {
      get then() {
        return ++count === 1 ? undefined : (resolve) => resolve('a promise')
      },
      get count() {
        return count
      }
    }
  }

  test('it is read once', async () => {
    expect(await single().execute(reads)).toBe(1)
  })

  test('it is read once for a task that waits for its script', async () => {
    const script = write('tasks.cjs', `exports.reads = ${reads}; exports.changes = ${changes}`)
    // The setup fails at first, so that the first task is the one that gets the script ready.
    const late = write(
      'late.cjs',
      `let tries = 0
       exports.setup = () => { if (++tries === 1) throw new Error('not yet') }
       Object.assign(exports, require(${JSON.stringify(script)}))`
    )
    expect(await single({ script: late }).execute('reads')).toBe(1)
    // What was no promise when it was asked is a value; copying that reads its getters, and finds a function.
    const refused = rejection(single({ script: late }).execute('changes'))
    expect((await refused).code).toBe('ERR_NOT_SERIALIZABLE')
  })

  test('one that never calls back is given up when its time is over, and the next task runs', async () => {
    const pool = single()
    const error = await rejection(pool.execute(() => ({ then() {} }), undefined, { timeout: 20 }))
    expect(error.code).toBe('ERR_TASK_TIMEOUT')
    await expect(
      within(
        pool.execute(() => 'next'),
        'the next task'
      )
    ).resolves.toBe('next')
  })
})

describe('one at a time in each worker', () => {
  test('a task starts when the one before has settled', async () => {
    const pool = single()
    const task = async (n) => {
      globalThis.events ??= []
      globalThis.events.push(`start ${n}`)
      await new Promise((resolve) => setTimeout(resolve, 5 - n))
      globalThis.events.push(`end ${n}`)
      return globalThis.events
    }
    const results = await Promise.all([1, 2, 3].map((n) => pool.execute(task, n)))
    expect(results[2]).toEqual(['start 1', 'end 1', 'start 2', 'end 2', 'start 3', 'end 3'])
  })

  test('synchronous and asynchronous tasks take turns in the order they came', async () => {
    const pool = single()
    const run = (n) => {
      globalThis.order ??= []
      globalThis.order.push(n)
      return globalThis.order
    }
    const runLater = async (n) => {
      await null
      globalThis.order ??= []
      globalThis.order.push(n)
      return globalThis.order
    }
    const results = Array.from({ length: 50 }, (_, n) => pool.execute(n % 3 ? run : runLater, n))
    expect(await results.at(-1)).toEqual(range(50))
    await Promise.all(results)
  })
})
