'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { WorkerPool, PoolError } = require('..')
const { write } = require('./support/files.js')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { FACE, outputOf, runNode } = require('./support/processes.js')
const { FIXTURES, ROOT } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

const LIFE = path.join(FIXTURES, 'life')
const STRIP_TYPES = path.join(LIFE, 'strip-types.mjs')

const poolOf = (script, options) => track(new WorkerPool(script, { maxWorkers: 1, ...options }))
const scriptPool = (name, content, options) => poolOf(write(name, content), options)

describe('module formats', () => {
  test('ESM: named exports and the default export', async () => {
    const pool = scriptPool(
      'tasks.mjs',
      `import path from 'node:path'
       export const base = (file) => path.basename(file)
       export async function later(n) { return n + 1 }
       export default function (n) { return n * 2 }`
    )
    await expect(pool.execute('base', '/a/b')).resolves.toBe('b')
    await expect(pool.execute('later', 1)).resolves.toBe(2)
    await expect(pool.run(4)).resolves.toBe(8)
  })

  test('ESM: functions in a default export that is an object', async () => {
    const pool = scriptPool('tasks.mjs', 'export default { twice: (n) => n * 2 }')
    await expect(pool.execute('twice', 4)).resolves.toBe(8)
  })

  test('ESM: a name that is exported under another', async () => {
    const pool = scriptPool('tasks.mjs', "const f = () => 'f'; export { f as g, f as 'not an identifier' }")
    await expect(pool.execute('g')).resolves.toBe('f')
    await expect(pool.execute('not an identifier')).resolves.toBe('f')
  })

  test('ESM: top-level await', async () => {
    const pool = scriptPool(
      'tasks.mjs',
      `const value = await new Promise((resolve) => setTimeout(resolve, 20, 'awaited'))
       export const get = () => value`
    )
    await expect(pool.execute('get')).resolves.toBe('awaited')
  })

  test('ESM: a .js file in a package of type module', async () => {
    const file = write('package.json', '{ "type": "module" }')
    const script = path.join(path.dirname(file), 'tasks.js')
    fs.writeFileSync(script, 'export const url = () => import.meta.url')
    await expect(poolOf(script).execute('url')).resolves.toBe(pathToFileURL(script).href)
  })

  test('CommonJS: module.exports is an object', async () => {
    const pool = scriptPool('tasks.cjs', "module.exports = { a: () => 'a', b: async () => 'b' }")
    await expect(pool.execute('a')).resolves.toBe('a')
    await expect(pool.execute('b')).resolves.toBe('b')
  })

  test('CommonJS: module.exports is a function', async () => {
    const pool = scriptPool('tasks.cjs', 'module.exports = (n) => n * 2; module.exports.half = (n) => n / 2')
    await expect(pool.run(4)).resolves.toBe(8)
    await expect(pool.execute('default', 4)).resolves.toBe(8)
    await expect(pool.execute('half', 4)).resolves.toBe(2)
  })

  test('CommonJS: exports that are only known once it has run', async () => {
    const pool = scriptPool('tasks.cjs', "for (const name of ['one', 'two']) exports[name] = () => name")
    await expect(pool.execute('one')).resolves.toBe('one')
    await expect(pool.execute('two')).resolves.toBe('two')
  })

  test('CommonJS: exports.default of a script that was compiled from ESM', async () => {
    const pool = scriptPool(
      'tasks.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true })
       exports.default = (n) => n * 2
       exports.half = (n) => n / 2`
    )
    await expect(pool.run(4)).resolves.toBe(8)
    await expect(pool.execute('half', 4)).resolves.toBe(2)
  })

  test('a .js file outside of any package is CommonJS', async () => {
    const pool = scriptPool('tasks.js', 'exports.type = () => typeof require')
    await expect(pool.execute('type')).resolves.toBe('function')
  })

  test("a CommonJS script's own require starts at its directory", async () => {
    const script = write('tasks.cjs', "exports.read = () => require('./data.json')")
    fs.writeFileSync(path.join(path.dirname(script), 'data.json'), '{ "a": 1 }')
    await expect(poolOf(script).execute('read')).resolves.toEqual({ a: 1 })
  })

  test('a script is loaded once in each worker and keeps its state', async () => {
    const pool = scriptPool('tasks.cjs', 'let count = 0; exports.next = () => ++count')
    await expect(pool.execute('next')).resolves.toBe(1)
    await expect(pool.execute('next')).resolves.toBe(2)
  })
})

describe('TypeScript', () => {
  const SOURCE = 'export const add = ({ a, b }: { a: number; b: number }): number => a + b'

  test('through a loader in execArgv', async () => {
    const options = { execArgv: ['--no-warnings', '--import', pathToFileURL(STRIP_TYPES).href] }
    const pool = scriptPool('tasks.ts', SOURCE, options)
    await expect(within(pool.execute('add', { a: 1, b: 2 }), 'the task')).resolves.toBe(3)
  })

  test('through a loader that the process was started with', async () => {
    const script = write('tasks.ts', SOURCE)
    const program = `
      const { WorkerPool } = require(${FACE})
      new WorkerPool(${JSON.stringify(script)}).execute('add', { a: 1, b: 2 }).then(console.log)`
    const args = ['--no-warnings', '--import', pathToFileURL(STRIP_TYPES).href, '-e', program]
    expect(await runNode(args)).toMatchObject({ code: 0, timedOut: false, stdout: '3\n', stderr: '' })
  })

  test('through a require hook', async () => {
    const hook = write(
      'hook.cjs',
      `require.extensions['.ts'] = (module, file) => module._compile(
         require('node:fs').readFileSync(file, 'utf8').replace(/: number/g, ''), file)`
    )
    const script = path.join(path.dirname(hook), 'tasks.cjs')
    fs.writeFileSync(script, "module.exports = require('./typed.ts')")
    const typed = 'exports.add = (a: number) => { const b: number = 1; return a + b }'
    fs.writeFileSync(path.join(path.dirname(hook), 'typed.ts'), typed)
    const pool = poolOf(script, { execArgv: ['--require', hook] })
    await expect(pool.execute('add', 1)).resolves.toBe(2)
  })
})

describe('where a script is looked up', () => {
  const ESM = "export const here = () => 'here'"

  test.each([
    'plain.mjs',
    'with space.mjs',
    'with#hash.mjs',
    'with%25percent.mjs',
    'with%percent.mjs',
    'with?question.mjs',
    'Wörter–日本語 🌾.mjs',
    "quo'te.mjs",
    'a:b.mjs'
  ])('%p: as an absolute path, a URL and the text of a URL', async (name) => {
    const file = write(path.join('di r#%41', name), ESM)
    for (const script of [file, pathToFileURL(file), pathToFileURL(file).href])
      await expect(poolOf(script).execute('here')).resolves.toBe('here')
  })

  test('beside the calling module, with and without ./', async () => {
    for (const script of ['./fixtures/life/tasks.cjs', 'fixtures/life/tasks.cjs'])
      await expect(poolOf(script).execute('echo', 1)).resolves.toBe(1)
  })

  test('one directory up from the calling module', async () => {
    const pool = poolOf('../__test__/fixtures/life/tasks.cjs')
    await expect(pool.execute('echo', 1)).resolves.toBe(1)
  })

  test('beside the calling module, if that is ESM', async () => {
    const directory = path.dirname(write('tasks.mjs', ESM))
    const face = pathToFileURL(path.join(ROOT, 'index.mjs')).href
    const main = path.join(directory, 'main.mjs')
    fs.writeFileSync(
      main,
      `import { WorkerPool } from ${JSON.stringify(face)}
       console.log(await new WorkerPool('./tasks.mjs').execute('here'))`
    )
    expect(await runNode([main])).toMatchObject({ code: 0, timedOut: false, stdout: 'here\n' })
  })

  test('then in the current directory', async () => {
    const directory = path.dirname(write('only-here.mjs', ESM))
    const program = `new (require(${FACE}).WorkerPool)('./only-here.mjs').execute('here').then(console.log)`
    const result = await runNode(['-e', program], { cwd: directory })
    expect(result).toMatchObject({ code: 0, timedOut: false, stdout: 'here\n', stderr: '' })
  })

  test('in a data: URL', async () => {
    const pool = poolOf(`data:text/javascript,${encodeURIComponent(ESM)}`)
    await expect(pool.execute('here')).resolves.toBe('here')
    const base64 = Buffer.from(ESM).toString('base64')
    await expect(poolOf(new URL(`data:text/javascript;base64,${base64}`)).execute('here')).resolves.toBe(
      'here'
    )
  })
})

describe('names', () => {
  test('one that does not exist is told with those that do', async () => {
    const pool = scriptPool(
      'tasks.mjs',
      'export const one = () => 1; export function two() {}; export const n = 3'
    )
    const error = await rejection(pool.execute('three'))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'three' })
    expect(error.message).toContain("'three'")
    expect(error.message).toContain('one, two')
    await expect(pool.execute('one')).resolves.toBe(1)
  })

  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', '', 'length', 'then'])(
    'what every object has is no task: %p',
    async (name) => {
      for (const file of ['tasks.mjs', 'tasks.cjs']) {
        const pool = scriptPool(file, file === 'tasks.mjs' ? 'export default {}' : 'module.exports = {}')
        const error = await rejection(pool.execute(name))
        expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: name })
      }
    }
  )

  test('an export that is no function is no task', async () => {
    const pool = scriptPool('tasks.cjs', 'module.exports = { n: 1, o: {}, f() {} }')
    for (const name of ['n', 'o'])
      expect(await rejection(pool.execute(name))).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: name })
  })

  test('a script without a default export has nothing to run()', async () => {
    const pool = scriptPool('tasks.mjs', 'export const one = () => 1')
    expect(await rejection(pool.run())).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'default' })
  })

  test.each([
    ['tasks.mjs', 'export {}'],
    ['tasks.cjs', 'module.exports = null'],
    ['tasks.cjs', 'module.exports = 5']
  ])('a script that exports nothing (%s: %s)', async (name, content) => {
    const error = await rejection(scriptPool(name, content).execute('any'))
    expect(error).toMatchObject({ code: 'ERR_TASK_NOT_FOUND', task: 'any' })
    expect(error.message).toContain('exports no functions')
  })

  test("an export called like a native task gives way to the native task's name", async () => {
    const pool = scriptPool('tasks.mjs', "export const noop = () => 'JavaScript'")
    await expect(pool.execute('native:noop')).resolves.toBeUndefined()
  })
})

describe('a script that cannot be loaded', () => {
  /** A pool whose script was there when it was made. */
  function poolGone() {
    const script = write('gone.mjs', '')
    const pool = poolOf(script)
    fs.rmSync(script)
    return pool
  }

  test.each([
    ['has a syntax error', () => write('tasks.mjs', 'export const = 1'), { name: 'SyntaxError' }],
    ['has a syntax error, as CommonJS', () => write('tasks.cjs', 'const = 1'), { name: 'SyntaxError' }],
    [
      'throws',
      () => write('tasks.mjs', "throw Object.assign(new RangeError('at load'), { code: 'E_OWN' })"),
      { name: 'RangeError', message: 'at load', code: 'E_OWN' }
    ],
    [
      'imports what is not there',
      () => write('tasks.mjs', "import './absent.mjs'"),
      { code: 'ERR_MODULE_NOT_FOUND' }
    ],
    [
      'imports a name that is not there',
      () => write('tasks.mjs', "import { absent } from 'node:fs'; absent()"),
      { name: 'SyntaxError' }
    ],
    ['has an unknown ending', () => write('tasks.unknown', ''), { code: 'ERR_UNKNOWN_FILE_EXTENSION' }]
  ])('because it %s', async (_, script, cause) => {
    const pool = poolOf(script())
    const error = await rejection(pool.execute('any'))
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({ code: 'ERR_SCRIPT_LOAD', task: 'any' })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).toMatchObject(cause)
    expect(error.message).toContain(error.cause.message)
  })

  test('because it is no longer there', async () => {
    const error = await rejection(poolGone().execute('any'))
    expect(error).toMatchObject({
      code: 'ERR_SCRIPT_LOAD',
      task: 'any',
      cause: { code: 'ERR_MODULE_NOT_FOUND' }
    })
  })

  test('because it throws something that is no error', async () => {
    const error = await rejection(scriptPool('tasks.mjs', 'throw null').execute('any'))
    expect(error).toMatchObject({ code: 'ERR_SCRIPT_LOAD', cause: null })
    expect(await rejection(scriptPool('tasks.mjs', "throw 'text'").execute('any'))).toMatchObject({
      code: 'ERR_SCRIPT_LOAD',
      cause: 'text'
    })
  })

  test('rejects its tasks one by one, and other tasks go on', async () => {
    const pool = poolGone()
    const broken = [pool.execute('a'), pool.execute('b'), pool.run()]
    const fine = [pool.execute((n) => n + 1, 1), pool.execute('native:noop', { data: Buffer.from('x') })]
    for (const task of broken) expect(await rejection(task)).toMatchObject({ code: 'ERR_SCRIPT_LOAD' })
    await expect(Promise.all(fine)).resolves.toEqual([2, Buffer.from('x')])
    expect(pool.stats().workers.total).toBe(1)
    await within(pool.close(), 'close()')
  })
})

describe('what a script sees of its surroundings', () => {
  const SCRIPT = `
    import { workerData as imported, resourceLimits, isMainThread } from 'node:worker_threads'
    import { createRequire } from 'node:module'
    const required = createRequire(import.meta.url)('node:worker_threads')
    export const data = async () => [imported, required.workerData, (await import('worker_threads')).workerData]
    export const change = () => (imported.changed = true)
    export const limits = () => resourceLimits
    export const surroundings = () => ({
      argv: process.argv.slice(2), execArgv: process.execArgv, own: process.env.THREADMILL_TEST, isMainThread })`

  test('its workerData, by import and by require', async () => {
    const workerData = { a: [1, { b: new Map([[1, 2]]) }], threadmill: 'mine' }
    const pool = scriptPool('tasks.mjs', SCRIPT, { workerData })
    await expect(pool.execute('data')).resolves.toEqual([workerData, workerData, workerData])
  })

  test('its workerData in a CommonJS script', async () => {
    const script = "exports.data = () => require('node:worker_threads').workerData"
    await expect(scriptPool('tasks.cjs', script, { workerData: 5 }).execute('data')).resolves.toBe(5)
    await expect(scriptPool('tasks.cjs', script, { workerData: null }).execute('data')).resolves.toBe(null)
  })

  test('workerData of its own: what it changes stays in the worker', async () => {
    const workerData = {}
    const pool = scriptPool('tasks.mjs', SCRIPT, { workerData })
    await pool.execute('change')
    await expect(pool.execute('data')).resolves.toMatchObject([{ changed: true }, {}, {}])
    expect(workerData).toEqual({})
  })

  test('shared memory in its workerData is shared', async () => {
    const workerData = makeView(1)
    const script = "exports.set = (n) => { require('node:worker_threads').workerData[0] = n }"
    await scriptPool('tasks.cjs', script, { workerData }).execute('set', 7)
    expect(workerData[0]).toBe(7)
  })

  test('argv, execArgv and env', async () => {
    const pool = scriptPool('tasks.mjs', SCRIPT, {
      argv: ['--flag', 'value'],
      execArgv: ['--no-warnings'],
      env: { THREADMILL_TEST: 'mine' }
    })
    await expect(pool.execute('surroundings')).resolves.toEqual({
      argv: ['--flag', 'value'],
      execArgv: ['--no-warnings'],
      own: 'mine',
      isMainThread: false
    })
  })

  test.each([
    ['a copy of the environment by default', '{}', 'inherited'],
    ['the very environment with SHARE_ENV', "{ env: require('node:worker_threads').SHARE_ENV }", 'changed']
  ])('%s', async (_, options, after) => {
    const program = `
      process.env.THREADMILL_TEST = 'inherited'
      const { WorkerPool } = require(${FACE})
      const change = () => {
        const before = process.env.THREADMILL_TEST
        process.env.THREADMILL_TEST = 'changed'
        return before
      }
      new WorkerPool(${options}).execute(change)
        .then((before) => console.log(before, process.env.THREADMILL_TEST))`
    const result = await runNode(['-e', program])
    expect(result).toMatchObject({ code: 0, stdout: `inherited ${after}\n`, stderr: '' })
  })

  test('resourceLimits', async () => {
    const limits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 }
    const pool = scriptPool('tasks.mjs', SCRIPT, { resourceLimits: limits })
    await expect(pool.execute('limits')).resolves.toMatchObject(limits)
  })
})

describe('where the program may read but a few folders', () => {
  const [major] = process.versions.node.split('.').map(Number)
  const permission = major >= 24 ? '--permission' : '--experimental-permission'

  /** What a program prints that may read the package and `folder`. */
  async function restricted(folder, script) {
    const program = `
      const { WorkerPool } = require(${JSON.stringify(ROOT)})
      try {
        const pool = new WorkerPool(${JSON.stringify(script)}, { maxWorkers: 1 })
        pool.execute('double', 21).then(console.log, ({ code, message }) => console.log(code, message)).then(() => pool.close())
      } catch ({ name, code, message }) {
        console.log(name, code, message)
      }`
    const allowed = [ROOT, folder].map((each) => `--allow-fs-read=${each}${path.sep}*`)
    const flags = [permission, '--no-warnings', '--allow-worker', '--allow-addons', ...allowed]
    const { stdout } = await outputOf([...flags, '-e', program], { cwd: ROOT })
    return stdout.trim()
  }

  test('a script runs from one of these, whatever is above it', async () => {
    const script = write('tasks.js', 'exports.double = (n) => 2 * n')
    expect(await restricted(path.dirname(script), script)).toBe('42')
  })

  test('a script elsewhere is said to be none that may be read', async () => {
    const script = write('tasks.js', 'exports.double = (n) => 2 * n')
    expect(await restricted(path.join(path.dirname(script), 'other'), script)).toMatch(
      /^PoolError ERR_INVALID_ARG_VALUE The option 'script' must name a file that may be read; .* may not: /
    )
  })
})
