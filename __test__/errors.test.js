const { PoolError, WorkerPool } = require('..')
const { rejection: rejectionOf } = require('./support/outcomes.js')
const { keep } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')

const TASKS = require.resolve('./fixtures/values/throws.js')
const pool = keep(new WorkerPool(TASKS, 1))
afterEach(() => expect(pool.execute('ok', 'next')).resolves.toBe('next'))

/** What a task rejects with. */
const rejection = (task, input) => rejectionOf(pool.execute(task, input), `the rejection of '${task}'`)

describe.each([
  ['synchronously', ''],
  ['asynchronously', 'Later']
])('thrown %s,', (_how, suffix) => {
  test.each([
    ['error', Error],
    ['typeError', TypeError],
    ['rangeError', RangeError],
    ['syntaxError', SyntaxError],
    ['referenceError', ReferenceError],
    ['evalError', EvalError],
    ['uriError', URIError]
  ])('%s arrives as that class of this realm', async (task, Class) => {
    const error = await rejection(task + suffix)
    expect(error).toBeInstanceOf(Class)
    expect(error.constructor).toBe(Class)
    expect([error.name, error.message, String(error)]).toEqual([Class.name, 'words', `${Class.name}: words`])
    expect(Object.keys(error)).toEqual([])
  })

  test('an error of a class of its own shows its class, its base and its properties', async () => {
    const error = await rejection(`custom${suffix}`)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.constructor.name).toBe('ValidationError')
    expect(error.name).toBe('TypeError') // as there: the class does not set one
    expect(error).toMatchObject({
      message: 'not valid',
      field: 'name',
      details: { list: [1, { deep: true }], when: new Date(5) }
    })
    expect(error.stack).toMatch(/^TypeError: not valid\n/)
  })

  test('an error with a name of its own', async () => {
    const error = await rejection(`named${suffix}`)
    expect([error.name, error.constructor.name]).toEqual(['AnotherName', 'NamedError'])
  })

  test('code and other own properties', async () => {
    const error = await rejection(`withCode${suffix}`)
    expect({ ...error }).toEqual({ code: 'E_OWN', status: 418, big: 5n, nothing: undefined })
    expect(Object.keys(error)).toEqual(['code', 'status', 'big', 'nothing'])
  })

  test('a code on the prototype', async () => {
    expect((await rejection(`inheritedCode${suffix}`)).code).toBe('E_INHERITED')
  })

  test('a chain of causes, each with its class', async () => {
    const error = await rejection(`causes${suffix}`)
    expect([error.message, error.cause.message, error.cause.cause.message]).toEqual([
      'outer',
      'middle',
      'inner'
    ])
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.cause.cause.constructor.name).toBe('ValidationError')
    expect(error.cause.cause.field).toBe('f')
    expect(Object.hasOwn(error.cause.cause, 'cause')).toBe(false)
  })

  test.each([
    ['null', null],
    ['undefined', undefined],
    ['zero', 0],
    ['minusZero', -0],
    ['NaN', Number.NaN],
    ['text', 'x'],
    ['emptyText', ''],
    ['false', false],
    ['bigint', 10n]
  ])('%s arrives as the very same value', async (task, value) => {
    expect(Object.is(await rejection(task + suffix), value)).toBe(true)
  })

  test('an object, an array, a Date or a RegExp arrives as structuredClone would carry it', async () => {
    expect(await rejection(`object${suffix}`)).toEqual({ status: 404, list: [1, new Map([[1, 2]])] })
    expect(await rejection(`array${suffix}`)).toEqual([1, [2]])
    expect(await rejection(`date${suffix}`)).toEqual(new Date(7))
    expect(await rejection(`expression${suffix}`)).toEqual(/x/g)
  })

  test.each([
    ['function', /function/i],
    ['symbol', /Symbol\(words\)/],
    ['registeredSymbol', /^Symbol\(words\)$/],
    ['objectWithFunction', /f.*a: 1/],
    ['proxy', /a: 1/]
  ])('%s, which cannot be cloned, arrives as text', async (task, text) => {
    expect(await rejection(task + suffix)).toMatch(text)
  })

  test.each([
    'throwingGetter',
    'throwingMessage',
    'throwingInspect',
    'revokedProxy',
    'noStack',
    'stackOfNoString',
    'messageOfNoString',
    'withoutPrototype',
    'created',
    'frozen'
  ])(
    '%s, however odd, rejects its own task and no other',
    async (task) => {
      const outcome = await rejection(task + suffix)
      expect(outcome?.code).not.toBe('ERR_WORKER_EXITED')
    },
    5_000
  )
})

describe('properties of an error', () => {
  test('a getter that throws is undefined, and the rest is there', async () => {
    expect(await rejection('throwingGetter')).toMatchObject({ message: 'words', kept: 1 })
  })

  test('those that cannot be cloned become text, and the rest is there', async () => {
    const error = await rejection('functionInside')
    expect(error).toMatchObject({
      message: 'words',
      code: 'E_OWN',
      retry: expect.any(String),
      list: expect.any(String)
    })
    expect(error.retry).toMatch(/retry/)
    expect(error.stack).toContain('throws.js')
  })

  test('those of a cause that cannot be cloned become text', async () => {
    const error = await rejection('functionInCause')
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.cause).toMatchObject({ message: 'inner', kept: 1, f: expect.any(String) })
    expect((await rejection('functionAsCause')).cause).toEqual(expect.any(String))
  })

  test('a cause that is no error, and one that is undefined', async () => {
    expect((await rejection('causeOfNoError')).cause).toEqual({ reason: 'words', list: [1] })
    const error = await rejection('undefinedCause')
    expect([Object.hasOwn(error, 'cause'), error.cause]).toEqual([true, undefined])
  })

  test('an error that is its own cause', async () => {
    const error = await rejection('circular')
    expect(error.cause).toBe(error)
  })

  test('two errors that are the cause of each other', async () => {
    const error = await rejection('circularPair')
    expect([error.message, error.cause.message]).toEqual(['one', 'other'])
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.cause.cause).toBe(error)
  })

  test('a thousand causes', async () => {
    const messages = []
    for (let error = await rejection('longChain'); error !== undefined; error = error.cause)
      messages.push(error.message)
    expect(messages).toEqual(Array.from({ length: 1000 }, (_, i) => `level ${999 - i}`))
  })

  test.each(['veryLongChain', 'endlessChain'])('%s of causes is cut, and the rest is there', async (task) => {
    const error = await rejection(task)
    const first = task === 'endlessChain' ? 0 : 4999
    let levels = 0
    for (let at = error; at !== undefined; at = at.cause) {
      expect(at.message).toBe(`level ${Math.abs(first - levels)}`)
      levels++
    }
    expect(levels).toBe(1001)
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toContain('throws.js')
    if (first > 0) expect([error.at, error.cause.at]).toEqual([4999, 4998])
  })

  test('the errors of an AggregateError', async () => {
    const error = await rejection('aggregate')
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.message).toBe('several')
    expect(error.errors).toHaveLength(4)
    expect(error.errors[0]).toBeInstanceOf(TypeError)
    expect(error.errors[1]).toMatchObject({ message: 'second', field: 'f' })
    expect(error.errors.slice(2)).toEqual(['third', null])
    expect(Object.keys(error)).toEqual([])
    const custom = await rejection('customAggregate')
    expect(custom).toBeInstanceOf(AggregateError)
    expect(custom.constructor.name).toBe('SeveralErrors')
  })

  test('an error in several places is one error', async () => {
    const { errors, cause } = await rejection('sharedInAggregate')
    expect(errors[0]).toBe(errors[1])
    expect(cause).toBe(errors[0])
  })

  test("a property 'errors' that is a list of plain objects stays a property like others", async () => {
    const error = await rejection('listOfErrors')
    expect(error.errors).toEqual([{ path: 'a', message: 'missing' }])
    expect(Object.keys(error)).toEqual(['errors', 'other'])
  })

  test("a property 'errors' that is no list", async () => {
    expect((await rejection('tableOfErrors')).errors).toEqual({ name: { kind: 'required' } })
  })

  test('an error among the properties', async () => {
    const { inner } = await rejection('errorInside')
    expect([inner.name, inner.message]).toEqual(['RangeError', 'inner'])
  })

  test("a property called '__proto__' does not become the prototype", async () => {
    const error = await rejection('protoKey')
    expect(error).toBeInstanceOf(Error)
    expect(Object.getOwnPropertyDescriptor(error, '__proto__').value).toBe('own')
  })
})

describe('errors of the platform', () => {
  test('a DOMException with its name and code', async () => {
    const error = await rejection('domException')
    expect(error).toBeInstanceOf(DOMException)
    expect([error.name, error.message]).toEqual(['DataError', 'words'])
  })

  test('an AbortError', async () => {
    const error = await rejection('abort')
    expect(error).toBeInstanceOf(DOMException)
    expect(error.constructor).toBe(DOMException)
    expect([error.name, error.code]).toEqual(['AbortError', DOMException.ABORT_ERR])
  })

  test('an AbortError of Node, which is an Error with a code', async () => {
    const error = await rejection('nodeAbort')
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.constructor.name]).toEqual([
      'AbortError',
      'ABORT_ERR',
      'AbortError'
    ])
    expect(error.cause).toBeInstanceOf(DOMException)
    expect([error.cause.name, error.cause.code]).toEqual(['AbortError', DOMException.ABORT_ERR])
  })

  test('of node:fs', async () => {
    expect(await rejection('node')).toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
      path: '/no/such/file',
      errno: expect.any(Number)
    })
  })

  test('of a wrong argument', async () => {
    const error = await rejection('nodeType')
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
  })

  test('of an assertion', async () => {
    expect(await rejection('assertion')).toMatchObject({
      name: 'AssertionError',
      code: 'ERR_ASSERTION',
      actual: { a: 1 },
      expected: { a: 2 },
      operator: 'deepStrictEqual'
    })
  })

  test('of the language', async () => {
    const error = await rejection('own')
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe("Cannot read properties of null (reading 'property')")
  })

  test('a rejection without a reason', async () => {
    expect(await rejection('rejectsWithNothing')).toBeUndefined()
  })
})

describe('the stack', () => {
  test.each([
    ['deep', 'outermost'],
    ['deepLater', 'outermostLater']
  ])(
    'of %s shows the frames of the worker and, under them, who submitted the task',
    async (task, outermost) => {
      async function callerOfTheTask() {
        return await pool.execute(task)
      }
      const { stack } = await callerOfTheTask().catch((error) => error)
      const lines = stack.split('\n')
      expect(lines[0]).toBe('Error: from deep inside')
      const at = (name) => lines.findIndex((line) => line.includes(name))
      expect(at('innermost')).toBe(1)
      expect(lines[1]).toContain('throws.js')
      expect(at(outermost)).toBeGreaterThan(1)
      expect(at('callerOfTheTask')).toBeGreaterThan(at(outermost))
      expect(lines[at('callerOfTheTask')]).toContain('errors.test.js')
    }
  )

  test('shows who submitted through Promise.all', async () => {
    async function callerOfMany() {
      return await Promise.all([pool.execute('ok'), pool.execute('deep')])
    }
    expect((await callerOfMany().catch((error) => error)).stack).toMatch(/outermost.*callerOfMany/s)
  })

  test('of an error of the pool shows who submitted', async () => {
    async function callerOfNothing() {
      return await pool.execute('noSuchTask')
    }
    expect((await callerOfNothing().catch((error) => error)).stack).toContain('callerOfNothing')
  })

  test('a promise that nobody awaits but catches has a stack all the same', async () => {
    const error = await new Promise((resolve) => pool.execute('deep').catch(resolve))
    expect(error.stack).toMatch(/^Error: from deep inside\n {4}at innermost/)
  })
})

describe('errors of the pool', () => {
  test('a PoolError is an Error with a code, a task and a cause', () => {
    const cause = new Error('why')
    const error = new PoolError('ERR_ANY', 'words', { task: 'name', cause })
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.message, error.code, error.task, error.cause]).toEqual([
      'PoolError',
      'words',
      'ERR_ANY',
      'name',
      cause
    ])
    expect(error.stack).toMatch(/^PoolError: words\n/)
    const plain = new PoolError('ERR_ANY', 'words')
    expect(['task' in plain, 'cause' in plain]).toEqual([false, false])
  })

  test('a task that the script does not export: the message names it and those there are', async () => {
    const error = await rejection('noSuchTask')
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'noSuchTask' })
    expect(error.message).toMatch(/'noSuchTask'/)
    expect(error.message).toMatch(/throws\.js/)
    expect(error.message).toMatch(/typeError/)
  })

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', ''])(
    "'%s' is no task",
    async (name) => {
      await expect(pool.execute(name)).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: name })
    }
  )

  test('in a pool without a script, the message names the native tasks', async () => {
    const bare = new WorkerPool()
    const error = await bare.execute('noSuchTask').catch((reason) => reason)
    await bare.close()
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'noSuchTask' })
    for (const name of ['hash', 'compress', 'decompress', 'noop']) expect(error.message).toContain(name)
  })
})

test('errors leave nothing on the console', async () => {
  const program = `
    const { WorkerPool } = require(${FACE})
    const pool = new WorkerPool(${JSON.stringify(TASKS)}, 1)
    const tasks = [
      pool.execute('native:decompress', { data: 'words' }), pool.execute('deep'), pool.execute('deepLater'), pool.execute('nothing'),
      pool.execute('native:hash', { data: 1 }), pool.execute('revokedProxy'), pool.execute('functionInside'), pool.execute('ok', 5)
    ]
    Promise.allSettled(tasks).then((outcomes) => {
      console.log(outcomes.map(({ status }) => status[0]).join(''))
      return pool.close()
    })`
  const { stdout, stderr } = await outputOf(['-e', program])
  expect([stdout, stderr]).toEqual(['rrrrrrrf\n', ''])
})
