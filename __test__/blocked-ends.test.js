'use strict'

// Workers that something keeps from ending: those of a pool that closes are ended by force, in time.

const { WorkerPool } = require('..')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { turn, until, within } = require('./support/waiting.js')

describe('what blocks the end of a worker does not keep close() from resolving, and is told by', () => {
  const blocked = [
    [
      "'exit' handlers that loop",
      (view) => {
        process.on('exit', () => {
          for (;;);
        })
        Atomics.store(view, 0, 1)
      },
      "handlers of 'exit'"
    ],
    [
      'a loop that a task has left behind',
      (view) => {
        setImmediate(() => {
          Atomics.store(view, 0, 1)
          for (;;);
        })
      },
      'left behind'
    ],
    [
      'output that throws',
      (view) => {
        process.stdout._write = () => {}
        process.stdout.write('x')
        process.stdout.write = () => {
          throw new Error('no')
        }
        Atomics.store(view, 0, 1)
      },
      undefined
    ]
  ]

  test("'error': 'exit' handlers and what is left behind that loop, a broken process.stdout", async () => {
    const ends = blocked.map(async ([name, task, words]) => {
      const pool = track(new WorkerPool({ maxWorkers: 1 }))
      const errors = []
      pool.on('error', (error) => errors.push(error.message))
      const view = makeView(1)
      await within(pool.execute(task, view), 'the task')
      await until(() => Atomics.load(view, 0) === 1, name)
      await within(pool.close(), `close() with ${name}`, 12_000)
      await turn()
      return { words, errors }
    })
    for (const { words, errors } of await Promise.all(ends))
      expect(errors).toEqual(words === undefined ? [] : [expect.stringContaining(words)])
  })

  test("terminate() does not wait for an 'exit' handler that loops", async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    await pool.execute(() => {
      process.on('exit', () => {
        for (;;);
      })
    })
    await within(pool.terminate(), 'terminate()', 3000)
  })

  test('retries whose condition never answers', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const error = new Error('again')
    let ask
    const asked = new Promise((resolve) => {
      ask = resolve
    })
    const when = () => {
      ask()
      return new Promise(() => {})
    }
    const task = rejection(
      pool.execute(() => Promise.reject(new Error('again')), 0, { retries: { max: 3, when } }),
      'the task',
      12_000
    )
    await within(asked, 'the question')
    await within(pool.close(), 'close()', 12_000)
    expect(await task).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('retries.when')
    })
    expect((await task).cause.errors[1].message).toBe(error.message)
  })
})
