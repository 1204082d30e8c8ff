'use strict'

// Whatever is passed as options to whatever call: it is refused in words that help, or it works.

const vm = require('node:vm')
const { PoolError, WorkerPool } = require('..')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')
const {
  OF_CLOSE,
  OF_EXECUTE,
  OF_POOL,
  OF_RESIZE,
  OF_RETRIES,
  OF_SCRIPTED_POOL,
  OF_TASK,
  REVOKED
} = require('./support/wrong-options.js')

// ---- the calls

let pool
beforeEach(() => {
  pool = track(new WorkerPool(TASKS, { maxWorkers: 1, nativeThreads: 1 }))
})

/** A call: the options it knows, how it refuses, and that it takes some that are `good`. */
const constructing = (options, construct, good) => ({
  options,
  good,
  refusal: async (given) => thrownBy(() => track(construct(given))),
  take: (given) => within(track(construct(given)).execute('native:noop'), 'a task')
})
const asynchronous = (options, call, good) => ({
  options,
  good,
  refusal(given) {
    const promise = call(given)
    expect(promise).toBeInstanceOf(Promise)
    return rejection(promise)
  },
  take: (given) => within(call(given), 'the end of the call')
})

const GOOD_POOL =
  '({ size: 1, timeout: 5000, queueTimeout: Infinity, retries: { max: 2, delay: [1, 2], when: () => true }, maxQueue: "auto", whenFull: "wait", strategy: "least-loaded", execArgv: ["--no-warnings"], env: {} })'
const GOOD_TASK = 'timeout: 5000, queueTimeout: 5000, retries: { max: 2, delay: 1, factor: 2 }, affinity: 7'

const CALLS = [
  ['new WorkerPool(options)', constructing(OF_POOL, (options) => new WorkerPool(options), GOOD_POOL)],
  [
    'new WorkerPool(script, options)',
    constructing(OF_SCRIPTED_POOL, (options) => new WorkerPool(TASKS, options), GOOD_POOL)
  ],
  [
    'execute',
    asynchronous(
      OF_EXECUTE,
      (options) => pool.execute('echo', 1, options),
      `({ priority: 'high', ${GOOD_TASK} })`
    )
  ],
  ['run', asynchronous(OF_EXECUTE, (options) => pool.run(1, options), `({ priority: -1, ${GOOD_TASK} })`)],
  [
    'priority',
    asynchronous(OF_TASK, (options) => pool.priority('low', 'echo', 1, options), `({ ${GOOD_TASK} })`)
  ],
  [
    'resize',
    asynchronous(OF_RESIZE, (options) => pool.resize(options), '({ maxWorkers: 2, nativeThreads: 2 })')
  ],
  [
    'close',
    asynchronous(OF_CLOSE, (options) => pool.close(options), '({ timeout: 5000, cancelQueued: false })')
  ]
]

const TYPE = 'ERR_INVALID_ARG_TYPE'
const RANGE = 'ERR_OUT_OF_RANGE'
const VALUE = 'ERR_INVALID_ARG_VALUE'

/** That it is an error of the pool which names the option, and that nothing was begun. */
function expectRefusal(error, code, name) {
  expect(error).toBeInstanceOf(PoolError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^[^\n]+$/) })
  expect(error.message.replace(/\[\d+\]/, '')).toContain(`'${name}'`)
  expect(pool.stats().tasks.submitted).toBe(0)
}

/** An object whose only option throws when it is read. */
const throwing = (name, thrown) =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get() {
      throw thrown
    }
  })

/** Tests that values of these options are refused; `path` is where they stand in other options. */
function testValues(options, refusal, path = '') {
  for (const [name, { types = [], ranges = [], values = [] }] of Object.entries(options)) {
    const refuses = async (given, code) => {
      for (const value of given) {
        const error = await refusal({ [name]: value })
        expectRefusal(error, code, path + name)
        if (typeof value === 'number') expect(error.message).toContain(`received ${value}`)
      }
    }
    if (types.length > 0) test(`'${path}${name}' of another type`, () => refuses(types, TYPE))
    if (ranges.length > 0) test(`'${path}${name}' out of its range`, () => refuses(ranges, RANGE))
    if (values.length > 0) test(`'${path}${name}' that means nothing`, () => refuses(values, VALUE))

    test(`'${path}${name}' that cannot be read, and says why`, async () => {
      const wordless = Object.create(null)
      for (const thrown of [new Error('why'), 'why', Symbol('why'), null, wordless, REVOKED]) {
        const error = await refusal(throwing(name, thrown))
        expectRefusal(error, VALUE, path + name)
        expect(error.cause).toBe(thrown)
      }
    })
  }
}

describe.each(CALLS)('%s refuses', (call, { options, refusal }) => {
  testValues(options, refusal)

  if ('retries' in options) {
    const ofRetries = (given) => {
      if (!Object.hasOwn(given, 'max')) Object.defineProperty(given, 'max', { value: 1, enumerable: true })
      return refusal({ retries: given })
    }
    testValues(OF_RETRIES, ofRetries, 'retries.')

    test("'retries' without 'max'", async () => {
      expectRefusal(await refusal({ retries: {} }), TYPE, 'retries.max')
    })

    test("a 'factor' for a list of delays", async () => {
      expectRefusal(await ofRetries({ delay: [1], factor: 2 }), VALUE, 'retries.factor')
    })

    test("an option of 'retries' that does not exist", async () => {
      const error = await ofRetries({ maximum: 1 })
      expectRefusal(error, VALUE, 'maximum')
      expect(error.message).toContain("'retries'")
    })
  }

  test('anything but an object', async () => {
    const values = [null, true, 2n, Symbol('options'), [], () => 1]
    // The constructor takes a script or a size in their place.
    if (!call.startsWith('new')) values.push(5, 'text')
    for (const value of values) {
      const error = await refusal(value)
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({
        code: TYPE,
        message: expect.stringMatching(/must be an object; received/)
      })
    }
  })

  test('an option that is misspelt, and tells what was probably meant', async () => {
    for (const name of Object.keys(options)) {
      for (const wrong of [
        `${name}s`,
        name.slice(1),
        `${name[1]}${name[0]}${name.slice(2)}`,
        name.toUpperCase()
      ]) {
        if (Object.hasOwn(options, wrong)) continue
        const error = await refusal({ [wrong]: 1 })
        expectRefusal(error, VALUE, wrong)
        expect(error.message).toMatch(new RegExp(`did you mean '${name}'\\?$`))
      }
    }
  })

  test('an option that is inherited, as if it were not', async () => {
    const known = Object.keys(options).at(-1)
    class Options {
      get [known]() {
        return Symbol('wrong')
      }
    }
    expectRefusal(await refusal(new Options()), TYPE, known)
    expectRefusal(await refusal(Object.create({ [known]: Symbol('wrong') })), TYPE, known)
    expectRefusal(await refusal(Object.create({ noOption: 1 })), VALUE, 'noOption')
  })

  test.each(['anything', 'toString', '__proto__', 'x'.repeat(1e6)])(
    'an option that does not exist, and lists those that do',
    async (name) => {
      for (const value of [1, undefined]) {
        const error = await refusal(Object.defineProperty({}, name, { value, enumerable: true }))
        expectRefusal(error, VALUE, name.length > 60 ? `${name.slice(0, 60)}…` : name)
        for (const known of Object.keys(options)) expect(error.message).toContain(known)
        expect(error.message.length).toBeLessThan(1000)
      }
    }
  )

  test.each(['ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'get'])(
    'a Proxy that throws in %s',
    async (trap) => {
      const thrown = new Error('from the trap')
      const handler = {
        [trap]() {
          throw thrown
        }
      }
      const error = await refusal(new Proxy({ [Object.keys(options).at(-1)]: 1 }, handler))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ code: VALUE, message: expect.stringContaining('from the trap') })
      expect(error.cause).toBe(thrown)
    }
  )

  test('a Proxy that was revoked', async () => {
    const error = await refusal(REVOKED)
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: VALUE, message: expect.stringContaining('cannot be read') })
  })

  test('wrong options of another realm', async () => {
    const [known] = Object.keys(options)
    const error = await refusal(vm.runInNewContext(`({ '${known}': Symbol() })`))
    expectRefusal(error, TYPE, known)
  })
})

describe.each(CALLS)('%s takes options', (_, { good, take }) => {
  const make = () => vm.runInThisContext(good)

  test('without a prototype', () => take(Object.assign(Object.create(null), make())))

  test('that are frozen, with all that is in them', async () => {
    const options = make()
    for (const value of Object.values(options)) Object.freeze(value)
    await take(Object.freeze(options))
  })

  test('of another realm', () => take(vm.runInNewContext(good)))

  test('behind a Proxy', () => take(new Proxy(make(), {})))

  test('that are all undefined, but for one', async () => {
    const [[first, value], ...others] = Object.entries(make())
    await take({ [first]: value, ...Object.fromEntries(others.map(([name]) => [name, undefined])) })
  })

  test('of a class, whose own fields count', async () => {
    class Options {
      get timeouts() {
        throw new Error('an inherited property is no option')
      }
    }
    await take(Object.assign(new Options(), make()))
  })

  test('with getters, each of which runs once', async () => {
    const [options, reads] = [{}, []]
    for (const [name, value] of Object.entries(make())) {
      Object.defineProperty(options, name, {
        enumerable: true,
        get() {
          reads.push(name)
          return value
        }
      })
    }
    await take(options)
    expect(reads).toEqual(Object.keys(options))
  })
})

describe('when something else has spoiled Object.prototype', () => {
  const names = new Set(CALLS.flatMap(([, { options }]) => Object.keys(options)))
  for (const name of [...Object.keys(OF_RETRIES), 'href', 'path']) names.add(name)

  test.each([...names])('with %s', async (name) => {
    const calls = []
    // Enumerable, as an assignment leaves it; a symbol is wrong for every option.
    Object.prototype[name] = Symbol('spoilt')
    try {
      calls.push(track(new WorkerPool({})).close({}), track(new WorkerPool({ retries: { max: 1 } })).close())
      calls.push(
        pool.execute('echo', 1, {}),
        pool.priority('low', 'native:noop', {}, { retries: { max: 1 } })
      )
      calls.push(pool.run(1, { timeout: 5000 }), pool.close({ timeout: 5000 }))
    } finally {
      delete Object.prototype[name]
    }
    await within(Promise.all(calls), 'what was called')
  })
})

test('a task that is refused loses nothing that it was to transfer', async () => {
  const buffer = new ArrayBuffer(8)
  for (const wrong of [{ timeout: 0 }, { retries: -1 }, { signal: 5 }, { later: 1 }]) {
    await rejection(pool.execute('echo', buffer, { transfer: [buffer], ...wrong }))
    await rejection(pool.priority('high', 'echo', buffer, { transfer: [buffer], ...wrong }))
  }
  expect(buffer.byteLength).toBe(8)
})
