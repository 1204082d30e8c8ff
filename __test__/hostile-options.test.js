'use strict'

// Whatever is passed as options to whatever call: it is refused in words that help, or it works.

const vm = require('node:vm')
const { PoolError, WorkerPool } = require('..')
const { rejection, thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

// ---- what is wrong with a value

const { NaN: NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number
const LITTLE = Number.MIN_VALUE
const { proxy: REVOKED, revoke } = Proxy.revocable({}, {})
revoke()

const LIKE_A_SIGNAL = { aborted: false, addEventListener() {}, removeEventListener() {} }

const PLAIN = [null, true, 2n, Symbol('option')]
const OBJECTS = [{}, () => 1, Object(5), Object('5'), new Date(5), REVOKED]
const NO_NUMBERS = [...PLAIN, ...OBJECTS, [], 'text', '5', '']
const NO_WORDS = [...PLAIN, ...OBJECTS, [], 5, NOT_A_NUMBER]
const NO_FLAGS = [null, 2n, Symbol('option'), ...OBJECTS, [], 0, 1, 'true', '']
const NO_KEYS = [...PLAIN, ...OBJECTS, []]
const NO_OBJECTS = [...PLAIN, [], () => 1, 5, 'text']
const NO_LISTS = [...PLAIN, ...OBJECTS, 5, 'text']

/**
 * Values that an option must not have: of a wrong type, numbers outside of its range, and those of the right
 * type that mean nothing.
 */
const whole = (least, most) => ({
  types: NO_NUMBERS,
  ranges: [NOT_A_NUMBER, -1, least - 1, least + 0.5, most + 1, 1e300, POSITIVE_INFINITY, NEGATIVE_INFINITY]
})
const WHOLE_OR_INFINITE = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, 0, -1, 1.5, NEGATIVE_INFINITY] }
const FROM_0 = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, -LITTLE, -1, -1e300, NEGATIVE_INFINITY] }
const ABOVE_0 = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, 0, -0, -LITTLE, -1, NEGATIVE_INFINITY] }
const FINITE_FROM_1 = {
  types: NO_NUMBERS,
  ranges: [NOT_A_NUMBER, 0, 0.99, -1, POSITIVE_INFINITY, NEGATIVE_INFINITY]
}
const FLAG = { types: NO_FLAGS }
const WORD = { types: NO_WORDS, values: ['', 'text', 'Shared', 'WAIT', 'reject ', 'toString', '__proto__'] }
const RETRIES = {
  types: [...PLAIN, [], [1], () => 1, 'text', '5'],
  ranges: [NOT_A_NUMBER, -1, 1.5, 1_000_001, 1e300, POSITIVE_INFINITY, NEGATIVE_INFINITY],
  values: [REVOKED]
}

const OF_RETRIES = {
  max: whole(0, 1_000_000),
  delay: {
    types: [...NO_NUMBERS.filter((value) => typeof value !== 'object'), [null], [1, '2'], new Array(2)],
    ranges: [NOT_A_NUMBER, -1, POSITIVE_INFINITY, [-1], [0, NOT_A_NUMBER], [POSITIVE_INFINITY]],
    values: [[]]
  },
  factor: FINITE_FROM_1,
  maxDelay: FROM_0,
  jitter: FLAG,
  when: { types: [...PLAIN, {}, [], 5, 'text', REVOKED] }
}
const OF_TASK = {
  transfer: { types: [...NO_LISTS, new Set(), [5], [null], [new Uint8Array(1)]] },
  timeout: ABOVE_0,
  queueTimeout: ABOVE_0,
  signal: {
    types: [
      ...NO_NUMBERS.filter((value) => value !== REVOKED),
      new AbortController(),
      new EventTarget(),
      { ...LIKE_A_SIGNAL, aborted: 0 },
      { ...LIKE_A_SIGNAL, addEventListener: undefined },
      { ...LIKE_A_SIGNAL, removeEventListener: {} }
    ],
    values: [REVOKED]
  },
  retries: RETRIES,
  affinity: { types: NO_KEYS, ranges: [NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY] }
}
const OF_EXECUTE = {
  priority: {
    types: NO_KEYS,
    ranges: [NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY],
    values: ['', 'HIGH', 'soon', '5', 'toString', '__proto__']
  },
  ...OF_TASK
}
const OF_RESIZE = { minWorkers: whole(0, 4096), maxWorkers: whole(1, 4096), nativeThreads: whole(1, 4096) }
const OF_CLOSE = { timeout: FROM_0, cancelQueued: FLAG }
const OF_SCRIPTED_POOL = {
  size: whole(1, 4096),
  ...OF_RESIZE,
  idleTimeout: FROM_0,
  aging: FROM_0,
  name: { types: NO_WORDS, values: ['with a \0'] },
  timeout: ABOVE_0,
  queueTimeout: ABOVE_0,
  retries: RETRIES,
  maxQueue: {
    types: NO_NUMBERS.filter((value) => typeof value !== 'string'),
    ranges: [NOT_A_NUMBER, -1, 0.5, -1e300, NEGATIVE_INFINITY],
    values: ['', 'text', '5', 'Auto']
  },
  whenFull: WORD,
  strategy: WORD,
  concurrentTasksPerWorker: whole(1, 1024),
  maxTasksPerWorker: WHOLE_OR_INFINITE,
  maxHeapBeforeRecycle: ABOVE_0,
  keepWorkerAfterStop: FLAG,
  spareWorkers: whole(0, 4096),
  startTimeout: ABOVE_0,
  healthInterval: FINITE_FROM_1,
  resourceLimits: { types: NO_OBJECTS },
  env: { types: NO_OBJECTS },
  argv: { types: NO_LISTS },
  execArgv: { types: [...NO_LISTS, [5], [null]] },
  workerData: {},
  stdout: FLAG,
  stderr: FLAG,
  trackUnmanagedFds: FLAG
}
const OF_POOL = {
  script: {
    types: [...PLAIN, ...OBJECTS, [], 5],
    values: ['', 'absent']
  },
  ...OF_SCRIPTED_POOL
}

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
