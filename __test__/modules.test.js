const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { PoolError, WorkerPool } = require('..')
const { install, temporaryDirectory } = require('./support/files.js')
const { thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { outputOf, runNode } = require('./support/processes.js')
const { ROOT, TASKS } = require('./support/scripts.js')
const { within } = require('./support/waiting.js')

/** What a program prints that runs where `threadmill` is installed. */
async function run(args) {
  const result = await runNode(args, { cwd: install(temporaryDirectory()) })
  expect(result).toMatchObject({ code: 0, signal: null, timedOut: false, stderr: '' })
  return result.stdout.trim()
}

const USE = `
  const pool = new WorkerPool({ maxWorkers: 1 })
  const error = new PoolError('E_OWN', 'words')
  Promise.all([pool.execute((n) => n + 1, 1), pool.execute('native:hash', { data: 'abc', algorithm: 'crc32' })])
    .then((results) => {
      console.log(JSON.stringify([...results, error.code, error instanceof Error, typeof move]))
      return pool.close()
    })`
const USED = '[2,"352441c2","E_OWN",true,"function"]'

describe('threadmill can be loaded', () => {
  test('by import', async () => {
    const program = `import { WorkerPool, PoolError, move } from 'threadmill'\n${USE}`
    expect(await run(['--input-type=module', '-e', program])).toBe(USED)
  })

  test('by require', async () => {
    const program = `const { WorkerPool, PoolError, move } = require('threadmill')\n${USE}`
    expect(await run(['--input-type=commonjs', '-e', program])).toBe(USED)
  })

  test('by import()', async () => {
    const program = `import('threadmill').then(({ WorkerPool, PoolError, move }) => { ${USE} })`
    expect(await run(['--input-type=commonjs', '-e', program])).toBe(USED)
  })

  test('by both ways at once, and it is the same', async () => {
    const program = `
      import * as imported from 'threadmill'
      import { createRequire } from 'node:module'
      const required = createRequire(process.cwd() + '/x.js')('threadmill')
      console.log(Object.keys(required).every((name) => imported[name] === required[name]) && imported.default === required)
      console.log(Object.keys(imported).filter((name) => name !== 'default').sort().join() === Object.keys(required).sort().join())`
    expect(await run(['--input-type=module', '-e', program])).toBe('true\ntrue')
  })

  test('together with its package.json', async () => {
    const program = `
      const { name, exports } = require('threadmill/package.json')
      console.log(name, Object.keys(exports).includes('.'))`
    expect(await run(['-e', program])).toBe('threadmill true')
  })

  test('with classes that have their names', () => {
    expect([WorkerPool.name, PoolError.name]).toEqual(['WorkerPool', 'PoolError'])
  })

  test('but nothing within it', async () => {
    for (const inner of [
      'threadmill/dist/threadmill.js',
      'threadmill/threadmill.node',
      'threadmill/index.js'
    ]) {
      const program = `
        try { require(${JSON.stringify(inner)}); console.log('loaded') } catch ({ code }) { console.log(code) }`
      expect(await run(['-e', program])).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
    }
  })

  test('and every file that its package.json names is there', () => {
    const manifest = require('../package.json')
    const named = [manifest.main, manifest.types]
    const collect = (entry) => {
      if (typeof entry === 'string') named.push(entry)
      else for (const key of Object.keys(entry)) collect(entry[key])
    }
    collect(manifest.exports)
    for (const file of named) expect(fs.existsSync(path.join(ROOT, file))).toBe(true)
  })

  test('as it is packed, with every file that one of its files names', async () => {
    const { stdout } = await outputOf(
      [path.join(path.dirname(process.execPath), 'npm'), 'pack', '--dry-run', '--json', '--ignore-scripts'],
      { cwd: ROOT }
    )
    const packed = new Set(JSON.parse(stdout)[0].files.map((file) => file.path))
    for (const name of packed) {
      if (!/^[^/]*\.(?:js|mjs|d\.ts)$|^types\//.test(name)) continue
      const text = fs.readFileSync(path.join(ROOT, name), 'utf8')
      for (const [, to] of text.matchAll(/(?:from |require\()['"](\.[^'"]+)['"]/g)) {
        const target = path.join(path.dirname(name), to)
        expect([target, target.replace(/\.js$/, '.d.ts')].some((file) => packed.has(file))).toBe(true)
      }
    }
    for (const name of ['threadmill.node', 'dist/worker.js', 'LICENSE', 'THIRD-PARTY-NOTICES.md'])
      expect(packed).toContain(name)
  })

  test('from a directory with an unusual name', async () => {
    const directory = path.join(temporaryDirectory(), 'a b#c%20d ä')
    fs.mkdirSync(directory)
    for (const name of ['index.js', 'index.mjs', 'package.json', 'threadmill.node'])
      fs.copyFileSync(path.join(ROOT, name), path.join(directory, name))
    fs.cpSync(path.join(ROOT, 'dist'), path.join(directory, 'dist'), { recursive: true })
    const face = pathToFileURL(path.join(directory, 'index.mjs')).href
    const program = `import { WorkerPool, PoolError, move } from ${JSON.stringify(face)}\n${USE}`
    expect(await run(['--input-type=module', '-e', program])).toBe(USED)
  })

  test('without its native addon it says how to build that', async () => {
    const directory = temporaryDirectory()
    fs.copyFileSync(path.join(ROOT, 'index.js'), path.join(directory, 'index.js'))
    fs.cpSync(path.join(ROOT, 'dist'), path.join(directory, 'dist'), { recursive: true })
    const error = await run([
      '-e',
      `try { require(${JSON.stringify(directory)}) } catch (error) { console.log(error.message) }`
    ])
    expect(error).toContain('threadmill.node')
    expect(error).toContain('npm run build')
  })
})

describe('two copies of it in one process', () => {
  /** A copy of the package with module state of its own. */
  function load() {
    let copy
    jest.isolateModules(() => {
      copy = require('..')
    })
    return copy
  }

  test('are copies indeed', () => {
    expect(load().WorkerPool).not.toBe(load().WorkerPool)
  })

  test('work side by side', async () => {
    const pools = [load(), load()].map(({ WorkerPool }) => track(new WorkerPool(TASKS, { maxWorkers: 1 })))
    const results = await within(
      Promise.all(
        Array.from({ length: 400 }, (_, n) => {
          const pool = pools[n % 2]
          if (n % 4 < 2) return pool.execute('echo', { n, large: n % 8 ? [] : Array(5000).fill(n) })
          return pool.execute('native:noop', { data: Buffer.alloc(8, n) })
        })
      ),
      'the results'
    )
    for (const [n, result] of results.entries()) {
      if (n % 4 < 2) expect(result.n).toBe(n)
      else expect(result).toEqual(Buffer.alloc(8, n))
    }
    await within(Promise.all(pools.map((pool) => pool.close())), 'close()')
  })

  test('take each other’s errors for what they are', async () => {
    const [one, two] = [load(), load()]
    const pool = track(new one.WorkerPool())
    const error = await within(
      pool.execute('absent').catch((error) => error),
      'the rejection'
    )
    expect(error.constructor).toBe(one.PoolError)
    for (const { PoolError } of [one, two]) expect(error).toBeInstanceOf(PoolError)
    expect(error).toBeInstanceOf(Error)
    class Mine extends two.PoolError {}
    expect(error).not.toBeInstanceOf(Mine)
    expect(new Mine('E_MINE', 'words')).toBeInstanceOf(Mine)
    for (const other of [new Error(), { name: 'PoolError' }, null, undefined, 'PoolError'])
      expect(other).not.toBeInstanceOf(two.PoolError)
    expect(thrownBy(() => new two.WorkerPool({ size: 0 }))).toBeInstanceOf(two.PoolError)
  })

  test('one ends, the other goes on', async () => {
    const [one, two] = [load(), load()].map(({ WorkerPool }) =>
      track(new WorkerPool(TASKS, { maxWorkers: 1 }))
    )
    await Promise.all([one.execute('echo'), two.execute('echo')])
    await within(one.terminate(), 'terminate()')
    await expect(two.execute('echo', 1)).resolves.toBe(1)
    await expect(two.execute('native:noop')).resolves.toBeUndefined()
  })

  test('after resetModules() a new one works', async () => {
    for (let round = 0; round < 3; round++) {
      jest.resetModules()
      const { WorkerPool } = require('..')
      const pool = track(new WorkerPool(TASKS, { maxWorkers: 1 }))
      await expect(Promise.all([pool.execute('echo', round), pool.execute('native:noop')])).resolves.toEqual([
        round,
        undefined
      ])
    }
  })
})
