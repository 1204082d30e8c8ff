'use strict'

const { AsyncLocalStorage } = require('node:async_hooks')
const { WorkerPool } = require('..')
const { write } = require('./support/files.js')
const { rejection } = require('./support/outcomes.js')
const { keep, track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { until, within } = require('./support/waiting.js')

const storage = new AsyncLocalStorage()
const pool = keep(new WorkerPool({ maxWorkers: 1 }))

test.each([
  ['a JavaScript task', () => pool.execute((value) => value, 1)],
  [
    'a JavaScript task that rejects',
    () => pool.execute(() => Promise.reject(new Error('no'))).catch(() => {})
  ],
  ['a JavaScript task whose input goes by message', () => pool.execute((value) => value, /x/)],
  ['a native task', () => pool.execute('native:hash', { data: 'x' })]
])('what runs after %s sees the context of its caller', async (_name, run) => {
  const caller = async (request) => {
    await run()
    return storage.getStore() === request
  }
  const requests = Array.from({ length: 20 }, (_, id) => ({ id }))
  const seen = await Promise.all(requests.map((request) => storage.run(request, caller, request)))
  expect(seen).toEqual(requests.map(() => true))
  expect(storage.getStore()).toBeUndefined()
})

describe('whoever runs code of a user’s runs it where it belongs:', () => {
  /** Runs `action` for a request of this name, as a server would. */
  const during = (request, action) => storage.run(request, action)
  const fails = () => {
    throw new Error('no')
  }

  test('`when` in the context of the call, whoever else calls meanwhile', async () => {
    const seen = []
    const retries = {
      max: 2,
      when: (_error, attempt) => {
        seen.push([storage.getStore(), attempt])
        return attempt < 2
      }
    }
    const tasks = ['one', 'other', 'third'].map((request) =>
      during(request, () => rejection(pool.execute(fails, request, { retries })))
    )
    await Promise.all(tasks)
    const expected = ['one', 'other', 'third'].flatMap((request) =>
      [1, 2].map((attempt) => [request, attempt])
    )
    expect(seen.sort()).toEqual(expected.sort())
  })

  test('`when` of the pool in the context of the call, of native tasks, too', async () => {
    const seen = []
    const when = () => {
      seen.push(storage.getStore())
      return false
    }
    const asking = during('construction', () =>
      track(new WorkerPool({ maxWorkers: 1, retries: { max: 1, when } }))
    )
    for (const [request, task] of [
      ['one', fails],
      ['other', 'native:decompress']
    ])
      await during(request, () => rejection(asking.execute(task, { data: 'no gzip' })))
    await rejection(asking.execute(fails))
    expect(seen).toEqual(['one', 'other', undefined])
  })

  test('`when` that is asynchronous goes on in that context', async () => {
    const seen = []
    const when = async () => {
      await undefined
      seen.push(storage.getStore())
      return false
    }
    await during('request', () => rejection(pool.execute(fails, 0, { retries: { max: 1, when } })))
    expect(seen).toEqual(['request'])
  })

  test('and so does the `then` of a thenable that it answers with', async () => {
    const seen = []
    const outer = (resolve) => {
      seen.push(storage.getStore())
      resolve(false)
    }
    const when = () => ({ then: outer })
    await during('request', () => rejection(pool.execute(fails, 0, { retries: { max: 1, when } })))
    expect(seen).toEqual(['request'])
  })

  test('listeners in the context in which the pool was made', async () => {
    const seen = []
    const events = during('construction', () => track(new WorkerPool({ size: 1, healthInterval: 5 })))
    const heard = ['workerStart', 'workerExit', 'health'].map(
      (event) =>
        new Promise((resolve) => {
          during('listening', () =>
            events.once(event, () => {
              seen.push([event, storage.getStore()])
              resolve()
            })
          )
        })
    )
    await during('request', () => rejection(events.execute(() => process.exit(3))))
    await within(Promise.all(heard), 'all events')
    expect(seen.sort()).toEqual([
      ['health', 'construction'],
      ['workerExit', 'construction'],
      ['workerStart', 'construction']
    ])
  })

  test.each([
    ['a pool whose worker a request has started', 'pool.execute(() => 1)'],
    ['a pool that a request was the first to watch', "pool.on('health', () => {}).execute('native:noop')"],
    ['a native task that is called directly, and its shared pool', 'noop()']
  ])('%s holds nothing of that request', async (_what, call) => {
    const { stdout, stderr } = await runProgram(
      `
      const { AsyncLocalStorage } = require('node:async_hooks')
      const { noop } = require('./native.js')
      const pool = new WorkerPool({ maxWorkers: 1 })
      const storage = new AsyncLocalStorage()
      const begin = async () => {
        const store = { request: 'first' }
        await storage.run(store, async () => void (await ${call}))
        return new WeakRef(store)
      }
      const kept = await begin()
      const isGone = () => { gc(); return kept.deref() === undefined }
      await until(isGone, 'the end of the store').then(() => console.log('gone'), console.log)
      process.exit()`,
      { flags: ['--expose-gc'] }
    )
    expect([stdout, stderr]).toEqual(['gone\n', ''])
  })
})

describe('in a worker, each task has a context of its own:', () => {
  // `own` is made once in the worker, as a script would.
  const enter = (value) => {
    globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
    const before = globalThis.own.getStore()
    globalThis.own.enterWith(value)
    return [before, globalThis.own.getStore()]
  }
  const enterLater = async (value) => {
    globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
    const before = globalThis.own.getStore()
    globalThis.own.enterWith(value)
    await new Promise((resolve) => setImmediate(resolve))
    return [before, globalThis.own.getStore()]
  }

  test.each([
    ['that is synchronous', enter, {}],
    ['that waits', enterLater, {}],
    ['that may be stopped', enter, { timeout: 10_000 }],
    ['that waits and may be stopped', enterLater, { timeout: 10_000 }]
  ])('what a task %s enters, the next does not see', async (_how, task, options) => {
    const separate = track(new WorkerPool({ maxWorkers: 1, concurrentTasksPerWorker: 2 }))
    for (let turn = 0; turn < 3; turn++) {
      const values = [1, 2, 3, 4, 5]
      const results = await Promise.all(values.map((value) => separate.execute(task, value, options)))
      expect(results).toEqual(values.map((value) => [undefined, value]))
    }
  })

  test('what a getter of a result enters, the next task does not see', async () => {
    const separate = track(new WorkerPool({ maxWorkers: 1 }))
    const sneaky = () => {
      globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
      return {
        get value() {
          globalThis.own.enterWith('sneaked')
          return 1
        }
      }
    }
    const [, second] = await Promise.all([separate.execute(sneaky), separate.execute(enter, 2)])
    expect(second).toEqual([undefined, 2])
  })

  test('what a getter of a result enters, that of the next does not see', async () => {
    const separate = track(new WorkerPool({ maxWorkers: 1 }))
    const sneaky = (value) => {
      globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
      return {
        get seen() {
          const before = globalThis.own.getStore()
          globalThis.own.enterWith(value)
          return before
        }
      }
    }
    const results = await Promise.all([1, 2, 3].map((value) => separate.execute(sneaky, value)))
    expect(results.map(({ seen }) => seen)).toEqual([undefined, undefined, undefined])
  })

  /** Calls back later, and tells what is entered when its `then` is called, and whether a `then` inside of that finds its own. */
  const thenable = (value) => {
    globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
    const before = globalThis.own.getStore()
    globalThis.own.enterWith(value)
    const outer = (resolve) => {
      const seen = [before, globalThis.own.getStore()]
      globalThis.own.enterWith(`${value}, in then`)
      setImmediate(resolve, {
        then: (inner) => inner([...seen, String(globalThis.own.getStore()).startsWith(value)])
      })
    }
    return { then: outer }
  }

  test.each([
    ['', {}],
    [' that may be stopped', { timeout: 10_000 }]
  ])('the `then` of a thenable%s runs in that of its task', async (_, options) => {
    const separate = track(new WorkerPool({ maxWorkers: 1, concurrentTasksPerWorker: 2 }))
    const values = ['one', 'two', 'three']
    const results = await Promise.all(values.map((value) => separate.execute(thenable, value, options)))
    expect(results).toEqual(values.map((value) => [undefined, value, true]))
    await expect(separate.execute(enter, 'next')).resolves.toEqual([undefined, 'next'])
  })

  test('what one enters after a wait, as the first of all, the next does not see', async () => {
    const separate = track(new WorkerPool({ maxWorkers: 1 }))
    const late = async (value) => {
      globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
      await null
      globalThis.own.enterWith(value)
    }
    await Promise.all([separate.execute(late, 'late'), separate.execute(late, 'later')])
    await expect(separate.execute(enter, 2)).resolves.toEqual([undefined, 2])
  })

  test('nor do several that wait for the script together', async () => {
    const script = write(
      'fails-first.cjs',
      `const own = new (require('node:async_hooks').AsyncLocalStorage)()
       exports.setup = () => {
         if (globalThis.tried === undefined) throw new Error((globalThis.tried = 'first'))
       }
       exports.enter = (value) => {
         const before = own.getStore()
         own.enterWith(value)
         return [before, own.getStore()]
       }`
    )
    const waiting = track(new WorkerPool(script, { maxWorkers: 1, concurrentTasksPerWorker: 4 }))
    waiting.on('error', () => {})
    const values = [1, 2, 3]
    const results = await Promise.all(values.map((value) => waiting.execute('enter', value)))
    expect(results).toEqual(values.map((value) => [undefined, value]))
  })

  test('what a listener to its signal enters, no other sees', async () => {
    const separate = track(new WorkerPool({ maxWorkers: 1, concurrentTasksPerWorker: 2 }))
    const controller = new AbortController()
    const listening = (_, { signal }) => {
      globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
      globalThis.own.enterWith('its own')
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          globalThis.heard = globalThis.own.getStore()
          globalThis.own.enterWith('sneaked')
          resolve()
        })
        globalThis.listens = true
      })
    }
    const stopped = rejection(separate.execute(listening, 0, { signal: controller.signal }))
    await until(() => separate.execute(() => globalThis.listens), 'the listener')
    controller.abort()
    await stopped
    // Newer versions of Node call listeners in the context of who aborts: that is nobody's.
    expect([undefined, 'its own']).toContain(await separate.execute(() => globalThis.heard))
    await expect(separate.execute(enter, 2)).resolves.toEqual([undefined, 2])
  })

  test('what a script enters while it loads is not its tasks’', async () => {
    const source = `
      import { AsyncLocalStorage } from 'node:async_hooks'
      const own = new AsyncLocalStorage()
      own.enterWith('loading')
      export const look = () => String(own.getStore())`
    const scripted = track(
      new WorkerPool({ script: `data:text/javascript,${encodeURIComponent(source)}`, maxWorkers: 1 })
    )
    await expect(Promise.all([scripted.execute('look'), scripted.execute('look')])).resolves.toEqual([
      'undefined',
      'undefined'
    ])
    await expect(scripted.execute('look')).resolves.toBe('undefined')
  })

  test('and what it has begun goes on in it, after its end', async () => {
    const separate = track(new WorkerPool({ maxWorkers: 1 }))
    await separate.execute(() => {
      globalThis.own ??= new (require('node:async_hooks').AsyncLocalStorage)()
      globalThis.own.enterWith('first')
      setImmediate(() => {
        globalThis.late = globalThis.own.getStore()
      })
    })
    await until(() => separate.execute(() => globalThis.late !== undefined), 'what it has begun')
    await expect(separate.execute(() => globalThis.late)).resolves.toBe('first')
  })
})

test('a rejection that nobody handles is told of in the context of its call, whoever ended the task', async () => {
  const { status, stdout, stderr } = await runProgram(`
    const { AsyncLocalStorage } = require('node:async_hooks')
    const storage = new AsyncLocalStorage()
    const told = []
    process.on('unhandledRejection', (error) => told.push([error.code ?? error.name, storage.getStore()]))
    const pool = new WorkerPool({ size: 1 })
    const gate = makeGate()
    const wait = (gate) => {
      Atomics.add(gate, 1, 1)
      Atomics.wait(gate, 0, 0)
    }
    const abort = new AbortController()
    await storage.run('warm', () => pool.execute(() => 1))
    storage.run('one that throws', () => void pool.execute(() => { throw new TypeError('no') }))
    await until(() => told.length === 1)
    storage.run('one that is aborted', () => void pool.execute(wait, gate, { signal: abort.signal }))
    await entered(gate)
    storage.run('another', () => abort.abort())
    await until(() => told.length === 2)
    storage.run('one of a terminated pool', () => void pool.execute(() => { for (;;); }))
    await storage.run('another', () => pool.terminate())
    await until(() => told.length === 3)
    console.log(JSON.stringify(told))`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual([
    ['TypeError', 'one that throws'],
    [expect.anything(), 'one that is aborted'],
    ['ERR_POOL_TERMINATED', 'one of a terminated pool']
  ])
})
