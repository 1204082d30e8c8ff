'use strict'

// The package starts from what V8 has compiled of it before, where that fits, and loads of Node what it needs.

const fs = require('node:fs')
const path = require('node:path')
const { temporaryDirectory, write } = require('./support/files.js')
const { outputOf } = require('./support/processes.js')
const { ROOT, TASKS } = require('./support/scripts.js')

const PARTS = ['package.json', 'index.js', 'native.js', 'dist', 'scripts/code-cache.js', 'scripts/code-cache']

/** The package as npm would install it elsewhere, without code caches or with those that it makes there. */
async function installed({ isWarm }) {
  const folder = path.join(temporaryDirectory(), 'threadmill')
  for (const part of PARTS) fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  fs.symlinkSync(path.join(ROOT, 'threadmill.node'), path.join(folder, 'threadmill.node'))
  for (const name of cachesOf(folder)) fs.rmSync(path.join(folder, 'dist', name))
  if (isWarm) await warm(folder)
  return folder
}

/** Makes the caches, as npm does when it has installed the package. */
async function warm(folder) {
  await outputOf([path.join(folder, 'scripts', 'code-cache.js')], { cwd: folder })
  expect(cachesOf(folder)).toEqual(['threadmill.cache', 'worker.cache'])
}

const cachesOf = (folder) =>
  fs.readdirSync(path.join(folder, 'dist')).filter((name) => name.endsWith('.cache'))

/** A file that the package was started from as Node starts any is a module of Node's; one with a cache is not. */
const STARTED =
  "Object.keys(require.cache).some((file) => /dist.(threadmill|worker)\\.js$/.test(file)) ? 'plainly' : 'warm'"

/** What a program prints that runs with the package in `folder`, in which `started` and `pool` are at hand. */
async function run(folder, body, { flags = [], ...options } = {}) {
  const program = `
    const { WorkerPool, PoolError } = require(${JSON.stringify(folder)})
    const started = ${STARTED}
    const pool = new WorkerPool(${JSON.stringify(TASKS)}, { maxWorkers: 1 })
    ;(async () => { ${body}; await pool.close() })()`
  const { stdout, stderr } = await outputOf([...flags, '-e', program], { cwd: folder, ...options })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

/** Both sides do something, and say how they were started. */
const USE = `
  const inWorker = await pool.execute(() => ${STARTED})
  const results = [await pool.execute('echo', { a: 1 }), await pool.execute('native:hash', { data: 'abc', algorithm: 'crc32' })]
  console.log(JSON.stringify([started, inWorker, ...results]))`
const used = (how) => [JSON.stringify([how, how, { a: 1 }, '352441c2'])]

describe('with code caches', () => {
  let folder
  beforeEach(async () => {
    folder = await installed({ isWarm: true })
  })

  test('both sides start from them', async () => {
    expect(await run(folder, USE)).toEqual(used('warm'))
  })

  test('of an earlier build they are not used, though its files are of the same length', async () => {
    const file = path.join(folder, 'dist', 'threadmill.js')
    const before = fs.readFileSync(file, 'utf8')
    const other = before.replace(/^\/\/ \S/, '// *').replace("'ERR_POOL_CLOSED'", "'ERR_POOL_ELOSED'")
    const after = other.replaceAll('ERR_POOL_CLOSED', 'ERR_POOL_OTHERS')
    expect(after).toHaveLength(before.length)
    expect(after).not.toBe(before)
    fs.writeFileSync(file, after)
    const body = `await pool.close(); await pool.execute('echo', 1).catch(({ code }) => console.log(started, code))`
    expect(await run(folder, body)).toEqual(['plainly ERR_POOL_OTHERS'])
  })

  test('of another place they are not used', async () => {
    const copy = path.join(temporaryDirectory(), 'copy')
    fs.cpSync(folder, copy, { recursive: true })
    expect(cachesOf(copy)).toHaveLength(2)
    expect(await run(copy, USE)).toEqual(used('plainly'))
  })

  test('everything runs that V8 compiles anew, as its flags are others', async () => {
    expect(await run(folder, USE, { flags: ['--max-old-space-size=1000'] })).toEqual(used('warm'))
  })

  test('that are cut off or empty, everything runs', async () => {
    for (const length of [0, 100, 20_000]) {
      for (const name of cachesOf(folder)) fs.truncateSync(path.join(folder, 'dist', name), length)
      const [line] = await run(folder, USE)
      expect(JSON.parse(line).slice(2)).toEqual([{ a: 1 }, '352441c2'])
      await warm(folder)
    }
  })

  test('everything runs, though somebody has written to the prototype of objects', async () => {
    const preload = write(
      'pollute.cjs',
      `for (const name of ['filename', 'cachedData', 'importModuleDynamically', 'lineOffset', 'produceCachedData'])
        Object.defineProperty(Object.prototype, name, { value: 'polluted', writable: true, configurable: true })`
    )
    expect(await run(folder, USE, { flags: ['--require', preload] })).toEqual(used('warm'))
  })

  test('scripts may be ES modules, and inline functions import', async () => {
    const script = write('tasks.mjs', `export const where = () => import.meta.url.startsWith('file:')`)
    const body = `
      const other = new WorkerPool(${JSON.stringify(script)}, { maxWorkers: 1 })
      const typeOfJoin = await other.execute(async () => typeof (await import('node:path')).join)
      console.log(await other.execute('where'), typeOfJoin)
      await other.close()`
    expect(await run(folder, body)).toEqual(['true function'])
  })

  test('stacks name the files that there are, and hide the package as they do without', async () => {
    const body = `
      const thrown = await pool.execute(function deep() { throw new Error('words') }).catch((error) => error.stack)
      const refused = await pool.execute('echo', 1, { timeout: 'x' }).catch((error) => error.stack)
      console.log(JSON.stringify([thrown, refused].map((stack) => stack.split('\\n').map((line) => line.trim()))))`
    const [warmLine] = await run(folder, body)
    for (const name of cachesOf(folder)) fs.rmSync(path.join(folder, 'dist', name))
    const [plainLine] = await run(folder, body)
    expect(warmLine).toBe(plainLine)
    expect(warmLine).toContain('at deep (')
    expect(warmLine).not.toContain(`${path.sep}dist${path.sep}`)
  })
})

describe('without code caches', () => {
  test('both sides start as any module', async () => {
    expect(await run(await installed({ isWarm: false }), USE)).toEqual(used('plainly'))
  })

  test('making them fails silently where there is no addon or no bundle', async () => {
    const folder = await installed({ isWarm: false })
    fs.rmSync(path.join(folder, 'threadmill.node'))
    const make = () => outputOf([path.join(folder, 'scripts', 'code-cache.js')], { cwd: folder })
    expect(await make()).toEqual({ stdout: '', stderr: '' })
    fs.rmSync(path.join(folder, 'dist'), { recursive: true })
    expect(await make()).toEqual({ stdout: '', stderr: '' })
  })
})
