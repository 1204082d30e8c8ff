'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { WorkerPool, PoolError } = require('..')
const { range } = require('./support/numbers.js')
const { temporaryDirectory } = require('./support/files.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { FACE, runNode } = require('./support/processes.js')
const { FIXTURES } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

let pool
beforeEach(() => {
  pool = track(new WorkerPool({ maxWorkers: 1 }))
})

describe('every way to write a function', () => {
  const methods = {
    shorthand(n) {
      return n + 1
    },
    async later(n) {
      return n + 1
    },
    'not an identifier'(n) {
      return n + 1
    },
    [`com${'puted'}`]: (n) => n + 1,
    if(n) {
      return n + 1
    },
    get(n) {
      return n + 1
    },
    async(n) {
      return n + 1
    },
    function(n) {
      return n + 1
    },
    class(n) {
      return n + 1
    },
    42(n) {
      return n + 1
    }
  }
  class Class {
    method(n) {
      return n + 1
    }
    static fixed(n) {
      return n + 1
    }
    field = (n) => n + 1
  }
  // Written out for their `toString`: a formatter would make them alike.
  const written = (source) => new Function(`return ${source}`)()

  test.each([
    ['an arrow function', (n) => n + 1],
    [
      'an arrow function with a body',
      (n) => {
        const one = 1
        return n + one
      }
    ],
    ['an arrow function with an object', (n) => ({ n }).n + 1],
    ['an async arrow function', async (n) => (await n) + 1],
    ['an arrow function without parentheses', written('n => n + 1')],
    ['an arrow function with comments', written('(/* a */ n /* } */) => /* => */ n + 1 // {\n')],
    ['a function', (n) => n + 1],
    [
      'a named function',
      function increment(n) {
        return n + 1
      }
    ],
    [
      'an async function',
      async function increment(n) {
        return n + 1
      }
    ],
    [
      'a function with comments',
      written('function /* a */ name /* b */ (n) /* c */ { /* d */ return n + 1 }')
    ],
    ['a function called get', written('function get(n) { return n + 1 }')],
    [
      'a function with "native code" in it',
      written('(n) => { const s = "{ [native code] }"; return n + 1 }')
    ],
    ['new Function()', new Function('n', 'return n + 1')],
    ['a method of a class', Class.prototype.method],
    ['a static method', Class.fixed],
    ['a field of a class', new Class().field],
    ['an arrow function of className', written('className => className + 1')],
    ['an arrow function of class$', written('class$ => class$ + 1')],
    ['a method called classify', written('({ classify(n) { return n + 1 } }).classify')],
    ['a method called class, with a space', written('({ class /* no class */ (n) { return n + 1 } }).class')],
    ['a method called async classify', written('({ async classify(n) { return n + 1 } }).classify')],
    ['a function that was frozen', Object.freeze(written('className => className + 1'))],
    ...Object.keys(methods).map((name) => [`a method called ${name}`, methods[name]])
  ])('%s', async (_, task) => {
    await expect(pool.execute(task, 1)).resolves.toBe(2)
  })

  test('default values and destructuring', async () => {
    const task = ({ a, list: [first, ...rest] = [0], ...others } = { a: -1 }, { taskId }) => [
      a,
      first,
      rest,
      others,
      taskId
    ]
    await expect(pool.execute(task, { a: 1, list: [2, 3, 4], b: 5 })).resolves.toEqual([
      1,
      2,
      [3, 4],
      { b: 5 },
      0
    ])
    await expect(pool.execute(task)).resolves.toEqual([-1, 0, [], {}, 1])
  })

  test('recursion by the own name', async () => {
    await expect(
      pool.execute(function factorial(n) {
        return n < 2 ? 1 : n * factorial(n - 1)
      }, 10)
    ).resolves.toBe(3628800)
  })

  test('functions, classes and generators within it', async () => {
    const task = (n) => {
      class Counter {
        *[Symbol.iterator]() {
          for (let i = 0; i < n; i++) yield i
        }
      }
      return [...new Counter()]
    }
    await expect(pool.execute(task, 3)).resolves.toEqual([0, 1, 2])
  })

  test.each(['a `template ${1 + 1}`', 'quotes \' " `', 'back\\slash', 'line\u2028separator', '日本語 🌾'])(
    'text in it stays as it is: %p',
    async (text) => {
      await expect(pool.execute(new Function(`return ${JSON.stringify(text)}`))).resolves.toBe(text)
    }
  )

  test('a very long one', async () => {
    const task = new Function(`return [${'"x", '.repeat(100_000)}].length`)
    await expect(pool.execute(task)).resolves.toBe(100_000)
  })
})

describe('what it sees', () => {
  test('require, from the current directory', async () => {
    await expect(pool.execute(() => require('node:path').basename('/a/b.js'))).resolves.toBe('b.js')
    const program = `
      const { WorkerPool } = require(${FACE})
      new WorkerPool().execute(() => Object.keys(require('./tasks.cjs')).length > 3).then(console.log)`
    const result = await runNode(['-e', program], { cwd: path.join(FIXTURES, 'life') })
    expect(result).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' })
  })

  test('import()', async () => {
    // Written out: the test runner would answer an import() of its own.
    const task = new Function("return import('node:fs').then((fs) => fs.constants.O_RDWR)")
    await expect(pool.execute(task)).resolves.toBe(fs.constants.O_RDWR)
    const program = `
      const { WorkerPool } = require(${FACE})
      new WorkerPool().execute(async () => (await import('node:path')).basename('/a/b')).then(console.log)`
    expect(await runNode(['-e', program])).toMatchObject({ code: 0, stdout: 'b\n', stderr: '' })
  })

  test('import(), from the current directory, too', async () => {
    const folder = temporaryDirectory()
    fs.mkdirSync(path.join(folder, 'node_modules', 'some-package'), { recursive: true })
    fs.writeFileSync(path.join(folder, 'beside.mjs'), 'export const here = import.meta.url')
    fs.writeFileSync(
      path.join(folder, 'node_modules', 'some-package', 'package.json'),
      JSON.stringify({ exports: { import: './as-module.mjs', require: './as-script.cjs' } })
    )
    for (const name of ['as-module.mjs', 'as-script.cjs'])
      fs.writeFileSync(path.join(folder, 'node_modules', 'some-package', name), '')
    fs.writeFileSync(
      path.join(folder, 'node_modules', 'some-package', 'as-module.mjs'),
      'export default "module"'
    )
    fs.writeFileSync(
      path.join(folder, 'node_modules', 'some-package', 'as-script.cjs'),
      'module.exports = "script"'
    )
    const program = `
      const { WorkerPool } = require(${FACE})
      const look = async () => {
        const [beside, inner] = await Promise.all([import('./beside.mjs'), import('some-package')])
        return [beside.here, inner.default, require('some-package')].join(' ')
      }
      new WorkerPool().execute(look).then(console.log, console.log)`
    const result = await runNode(['-e', program], { cwd: folder })
    const url = pathToFileURL(path.join(folder, 'beside.mjs')).href
    expect(result).toMatchObject({ code: 0, stdout: `${url} module script\n`, stderr: '' })
  })

  test('globals, although the process does not turn strings into code', async () => {
    const program = `
      const { WorkerPool } = require(${FACE})
      new WorkerPool().execute((n) => n + 1, 1).then(console.log, console.log)`
    const result = await runNode(['--disallow-code-generation-from-strings', '-e', program])
    expect(result).toMatchObject({ code: 0, stdout: '2\n', stderr: '' })
  })

  test('a file that is not there in its stacks, and the right column', async () => {
    const error = await rejection(pool.execute(new Function("return () => { throw new Error('x') }")()))
    expect(error.stack.split('\n')[1]).toBe(`    at ${path.join(process.cwd(), '[inline task]')}:1:15`)
  })

  test('globals', async () => {
    await expect(
      pool.execute(() => [typeof process, typeof Buffer, typeof fetch, typeof globalThis])
    ).resolves.toEqual(['object', 'function', 'function', 'object'])
  })

  test('nothing of the scope it was written in', async () => {
    const outside = 1
    const error = await rejection(pool.execute(() => outside))
    expect(error).toBeInstanceOf(ReferenceError)
    const words =
      'outside is not defined; the function was sent as source, which takes nothing of where it was written along: give it what it needs as its input, or export it from a script'
    expect(error.message).toBe(words)
    expect(error.stack.startsWith(`ReferenceError: ${words}\n`)).toBe(true)
  })

  test.each([
    ['a coverage tool', 'function task(n) { cov_1().f[0]++; return n }', 'cov_1'],
    ['a compiler of async functions', 'async (n) => __awaiter(this, [n])', '__awaiter'],
    ['a compiler of spreads', '(n) => _objectSpread({}, n)', '_objectSpread'],
    ['esbuild', '(n) => { const f = __name(() => n, "f"); return f() }', '__name']
  ])('nor what %s has written beside it, which it hints at', async (_who, source, name) => {
    const error = await rejection(pool.execute(new Function(`return ${source}`)(), 1, { timeout: 10_000 }))
    expect(error).toBeInstanceOf(ReferenceError)
    expect(error.message).toMatch(new RegExp(`^${name} is not defined; the function was sent as source`))
  })

  test.each([
    [
      'an error of its own',
      () => {
        throw new ReferenceError('it is not defined well')
      },
      'it is not defined well'
    ],
    [
      'what is missing elsewhere',
      () => {
        new Function(['return no', 'where'].join(''))()
      },
      'nowhere is not defined'
    ],
    [
      'a plain object',
      () => {
        throw { name: 'ReferenceError', message: 'x is not defined' }
      },
      'x is not defined'
    ]
  ])('and hints at nothing for %s', async (_what, task, message) => {
    expect((await rejection(pool.execute(task))).message).toBe(message)
  })

  test('nothing of the worker that runs it', async () => {
    const names = ['endpoint', 'handlers', 'native', 'inbound', 'source', 'module', 'exports']
    await expect(
      pool.execute((names) => names.map((name) => new Function(`return typeof ${name}`)()), names)
    ).resolves.toEqual(names.map(() => 'undefined'))
    await expect(
      pool.execute(() => [typeof endpoint, typeof handlers, typeof source, typeof exports])
    ).resolves.toEqual(['undefined', 'undefined', 'undefined', 'undefined'])
  })

  test('the exports of the pool’s script stay apart', async () => {
    const both = track(new WorkerPool('./fixtures/life/tasks.cjs', { maxWorkers: 1 }))
    await expect(Promise.all([both.execute('echo', 1), both.execute(() => 2)])).resolves.toEqual([1, 2])
  })
})

describe('it is compiled once in each worker', () => {
  test('so that it can keep things on itself', async () => {
    const count = function count() {
      count.runs = (count.runs ?? 0) + 1
      return count.runs
    }
    for (let run = 1; run <= 5; run++) await expect(pool.execute(count)).resolves.toBe(run)
  })

  test('also if it is another object of the same source each time', async () => {
    const make = () =>
      function self() {
        globalThis.seen ??= new Set()
        globalThis.seen.add(self)
        return globalThis.seen.size
      }
    for (let run = 1; run <= 5; run++) await expect(pool.execute(make())).resolves.toBe(1)
    const other = new Function('return globalThis.seen.size')
    await expect(pool.execute(other)).resolves.toBe(1)
  })

  test('another source is another function', async () => {
    const results = await Promise.all([1, 2, 3].map((n) => pool.execute(new Function(`return ${n}`))))
    expect(results).toEqual([1, 2, 3])
  })

  test('a thousand of them', async () => {
    const numbers = range(1000)
    await expect(
      Promise.all(numbers.map((n) => pool.execute(new Function('m', `return m + ${n}`), 1)))
    ).resolves.toEqual(numbers.map((n) => n + 1))
  })
})

describe('what cannot be sent is refused', () => {
  class Class {}
  class WithName extends Class {
    static name() {}
  }
  class WithSymbol extends Class {
    static name = Symbol('name')
  }
  class WithGetter extends Class {
    static get name() {
      throw new Error('from the getter')
    }
  }
  test.each([
    ['a class with a static method called name', WithName],
    ['a class with a static field called name', WithSymbol],
    ['a class with a static getter called name', WithGetter],
    ['a class that is written close', new Function('return class{}')()],
    ['a class with a comment', new Function('return class/* of what */Name extends Object{}')()],
    ['a bound function', ((n) => n).bind(null)],
    ['a native function', Math.max],
    ['a native method', Array.prototype.map],
    ['a native class', Map],
    ['a class', Class],
    ['a class without a name', class {}],
    ['a Proxy of a function', new Proxy(() => 1, {})]
  ])('%s', async (_, task) => {
    const error = await rejection(pool.execute(task))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(pool.stats().workers.total).toBe(0)
  })

  test.each([
    [
      'a generator function',
      function* () {
        yield 1
      }
    ],
    [
      'an async generator function',
      async function* () {
        yield 1
      }
    ]
  ])('%s, whose result could not be sent back', async (_, task) => {
    const error = await rejection(pool.execute(task))
    expect(error).toBeInstanceOf(PoolError)
    expect(['ERR_NOT_SERIALIZABLE', 'ERR_INVALID_ARG_VALUE']).toContain(error.code)
  })

  test.each([
    ['a private method', 'class A { #m(n) { return n } get() { return this.#m } } return new A().get()'],
    ['a method with a computed name', 'const name = "m"; return { [name](n) { return n } }.m'],
    ['a method that uses super', 'return { m(n) { return super.toString() } }.m']
  ])('%s either runs or says what is wrong', async (_, source) => {
    const task = new Function(source)()
    const [outcome] = await within(Promise.allSettled([pool.execute(task, 1)]), 'the task')
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    await expect(pool.execute((n) => n, 2)).resolves.toBe(2)
  })

  test('the task of a refused function shows its name', async () => {
    expect((await rejection(pool.execute(Math.sqrt))).message).toBe(
      "The task 'sqrt' is a bound or native function and has no source to send; wrap it in a function of your own"
    )
    expect((await rejection(pool.execute(parseInt.bind(null)))).message).toContain("'bound parseInt'")
  })
})
