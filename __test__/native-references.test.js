'use strict'

// Native tasks by reference, by name, and called directly; and names of a script, which none of them takes.

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const { PoolError, WorkerPool } = require('..')
const native = require('../native.js')
const { commonDirectory, install, temporaryDirectory } = require('./support/files.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')
const { hasList } = require('./support/threads.js')
const { ROOT } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

// Threads can be counted on Linux alone.
const withList = hasList ? test : test.skip

const { compress, decompress, hash, hmac, noop } = native
const sha256 = (data) => createHash('sha256').update(data).digest('hex')

describe('a native task by reference', () => {
  test('runs on the pool that executes it', async () => {
    const pool = track(new WorkerPool())
    expect(await pool.execute(hash, { data: 'abc' })).toBe(sha256('abc'))
    expect(await pool.priority('high', hash, { data: 'abc', algorithm: 'md5' })).toBe(
      createHash('md5').update('abc').digest('hex')
    )
    expect(pool.stats()).toMatchObject({ tasks: { completed: 2 }, workers: { total: 0 } })
  })

  test('takes the options of any task', async () => {
    const pool = track(new WorkerPool({ nativeThreads: 1 }))
    const bytes = new Uint8Array(100_000).fill(7)
    const expected = sha256(bytes)
    const promise = pool.execute(
      hash,
      { data: bytes },
      { transfer: [bytes.buffer], priority: 5, timeout: 5000 }
    )
    expect(bytes.length).toBe(0)
    expect(await promise).toBe(expected)
    const reason = new Error('given up')
    const signal = AbortSignal.abort(reason)
    expect(await rejection(pool.execute(hash, { data: 'x' }, { signal }))).toBe(reason)
  })

  test('is the same task as the one of its name', async () => {
    const pool = track(new WorkerPool())
    for (const task of [hash, 'native:hash'])
      expect(await pool.execute(task, { data: 'x' })).toBe(sha256('x'))
    expect(pool.stats().perTask).toMatchObject({ 'native:hash': { kind: 'native', completed: 2 } })
  })

  test('is called native:… in errors', async () => {
    const pool = track(new WorkerPool())
    const error = await rejection(pool.execute(hash, { data: 5 }))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', task: 'native:hash' })
    await pool.close()
    expect(await rejection(pool.execute(hash, { data: 'x' }))).toMatchObject({
      code: 'ERR_POOL_CLOSED',
      task: 'native:hash'
    })
  })

  test('comes from another copy of the module, too', async () => {
    let other
    jest.isolateModules(() => {
      other = require('../native.js')
    })
    expect(other.hash).not.toBe(hash)
    const pool = track(new WorkerPool())
    expect(await pool.execute(other.hash, { data: 'x' })).toBe(sha256('x'))
  })

  test('has its name, and is found by import and require alike', async () => {
    for (const [name, task] of Object.entries(native)) expect(task.name).toBe(name)
    const folder = install(temporaryDirectory())
    const program = `
      import native, { compress, decompress, hash, hmac, noop } from 'threadmill/native'
      import { createRequire } from 'node:module'
      const required = createRequire(import.meta.url)('threadmill/native')
      const named = { hash, hmac, compress, decompress, noop }
      console.log(Object.keys(required).every((name) => required[name] === named[name] && native[name] === named[name]))`
    const { stdout } = await outputOf(['--input-type=module', '-e', program], { cwd: folder })
    expect(stdout).toBe('true\n')
  })
})

describe('a native task that is called', () => {
  test('runs without a pool of the caller’s', async () => {
    const packed = await within(compress({ data: 'abc'.repeat(100) }), 'compress')
    expect(zlib.gunzipSync(packed).toString()).toBe('abc'.repeat(100))
    expect(String(await within(decompress({ data: packed }), 'decompress'))).toBe('abc'.repeat(100))
    expect(await within(hash({ data: 'x' }, { priority: 'urgent' }), 'hash')).toBe(sha256('x'))
    expect(await within(hmac({ data: 'x', key: 'k' }), 'hmac')).toMatch(/^[0-9a-f]{64}$/)
    expect(await within(noop(), 'noop')).toBeUndefined()
  })

  test('rejects wrong arguments and throws nothing', async () => {
    const promise = hash({ data: 'x', algorithm: 'sha0' })
    expect(await rejection(promise)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', task: 'native:hash' })
    expect(await rejection(hash({ data: 'x' }, { timeot: 1 }))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE'
    })
    expect(await rejection(hash())).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('keeps the process alive until it is over, and not longer', async () => {
    const program = `
      const { hash } = require(${JSON.stringify(path.join(__dirname, '../native.js'))})
      hash({ data: 'x' }).then(console.log)`
    expect((await outputOf(['-e', program])).stdout).toBe(`${sha256('x')}\n`)
  })

  withList(
    'leaves its threads to nobody: they end once it has not been called for a while (counted on Linux alone)',
    async () => {
      const program = `
      const { hash } = require(${JSON.stringify(path.join(__dirname, '../native.js'))})
      const { countThreads } = require('./__test__/support/threads.js')
      const { until } = require('./__test__/support/waiting.js')
      ;(async () => {
        const before = countThreads()
        await hash({ data: 'x' }, { timeout: 60_000 }) // which has the timer's thread started, for all pools
        const meanwhile = countThreads()
        await until(() => countThreads() < meanwhile, 'the end of its threads')
        console.log(await hash({ data: 'x' }))
      })()`
      expect((await outputOf(['-e', program], { cwd: ROOT })).stdout).toBe(`${sha256('x')}\n`)
    }
  )

  test('works in the workers of another pool', async () => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const file = path.join(__dirname, '../native.js')
    const called = pool.execute((file) => require(file).hash({ data: 'x' }), file)
    expect(await within(called, 'a native task of a worker')).toBe(sha256('x'))
  })

  test('is a function of no other realm in a test runner’s', () => {
    expect(hash).toBeInstanceOf(Function)
    expect(hash({ data: 'x' })).toBeInstanceOf(Promise)
  })
})

describe('a name of the script’s', () => {
  const SCRIPT = path.join(commonDirectory(), 'tasks.mjs')
  fs.writeFileSync(
    SCRIPT,
    `export const hash = (input) => ['mine', input]
     export const noop = () => 'mine, too'
     export const fail = () => { throw new Error('mine') }`
  )

  test('is the script’s, also if a native task has it', async () => {
    const pool = track(new WorkerPool(SCRIPT, 1))
    expect(await pool.execute('hash', { data: 'x' })).toEqual(['mine', { data: 'x' }])
    expect(await pool.priority('high', 'noop')).toBe('mine, too')
    expect(await pool.execute(hash, { data: 'x' })).toBe(sha256('x'))
    expect(await pool.execute('native:noop', { data: 'x' })).toBe('x')
    expect(pool.stats().perTask).toMatchObject({
      hash: { kind: 'javascript', completed: 1 },
      noop: { kind: 'javascript', completed: 1 },
      'native:hash': { kind: 'native', completed: 1 },
      'native:noop': { kind: 'native', completed: 1 }
    })
  })

  test('that it does not export is not found, with a hint at the native task of that name', async () => {
    const pool = track(new WorkerPool(SCRIPT, 1))
    const error = await rejection(pool.execute('compress', { data: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'compress' })
    expect(error.message).toContain("'native:compress'")
    expect((await rejection(pool.execute('other'))).message).not.toContain('native:')
  })

  test('without a script is not found, with the same hint', async () => {
    const pool = track(new WorkerPool())
    const error = await rejection(pool.execute('hash', { data: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'hash' })
    expect(error.message).toContain("'native:hash'")
  })

  test.each(['native:', 'native:nothing', 'native:Hash', 'native:hash ', 'native:constructor'])(
    '%j is no native task',
    async (task) => {
      const pool = track(new WorkerPool(SCRIPT, 1))
      const error = await rejection(pool.execute(task, { data: 'x' }))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task })
      expect(error.message).toContain('hash')
    }
  )
})

describe('what is no reference', () => {
  const mark = Symbol.for('threadmill.native')

  test('but has the mark of one names a task that there is not', async () => {
    const pool = track(new WorkerPool())
    const task = Object.assign(() => {}, { [mark]: 'nothing' })
    expect(await rejection(pool.execute(task))).toMatchObject({
      code: 'ERR_TASK_NOT_FOUND',
      task: 'native:nothing'
    })
  })

  test.each([
    ['a number', 5],
    ['an object', {}],
    ['a function', () => 'hash']
  ])('but has %s where the mark should be is a function of its own', async (_, value) => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const task = Object.assign((n) => n + 1, { [mark]: value })
    expect(await within(pool.execute(task, 1), 'an inline function')).toBe(2)
  })

  test.each([
    [
      'whose name throws',
      () =>
        Object.defineProperty(() => {}, 'name', {
          get: () => {
            throw new Error('asked')
          }
        })
    ],
    [
      'that answers nothing',
      () => {
        const { proxy, revoke } = Proxy.revocable(() => {}, {})
        revoke()
        return proxy
      }
    ]
  ])('a function %s never throws at its caller', async (_, make) => {
    const pool = track(new WorkerPool({ maxWorkers: 1 }))
    const task = make()
    expect(await rejection(pool.execute(task, 1, { timeot: 1 }))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      task: expect.stringMatching(/^\(function\)$|^\(\) => {\s*}$/)
    })
    expect(await rejection(pool.priority('soon', task))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    await within(pool.close(), 'close()')
    expect(await rejection(pool.execute(task))).toMatchObject({
      code: 'ERR_POOL_CLOSED',
      task: expect.stringMatching(/^\(function\)$|^\(\) => {\s*}$/)
    })
  })

  test('and throws when it is asked rejects with that', async () => {
    const pool = track(new WorkerPool())
    const thrown = new Error('asked')
    const task = new Proxy(() => {}, {
      get() {
        throw thrown
      }
    })
    expect(await rejection(pool.execute(task))).toBe(thrown)
  })
})

test('the package that is loaded for a native task is the one that is loaded for pools', async () => {
  const program = `
    const { WorkerPool } = require(${FACE})
    const { hash } = require(${JSON.stringify(path.join(__dirname, '../native.js'))})
    const pool = new WorkerPool()
    pool.execute(hash, { data: 'x' }).then(console.log).then(() => pool.close())`
  expect((await outputOf(['-e', program])).stdout).toBe(`${sha256('x')}\n`)
})
