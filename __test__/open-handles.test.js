'use strict'

const path = require('node:path')
const { write } = require('./support/files.js')
const { outputOf, runNode } = require('./support/processes.js')
const { FIXTURES, ROOT } = require('./support/scripts.js')

const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')

/** What jest says of a file with these lines when it looks for open handles. It has to end by itself. */
async function jestOf(lines) {
  const file = write('some.test.js', `const ROOT = ${JSON.stringify(ROOT)}\n${lines}`)
  const config = JSON.stringify({ testEnvironment: 'node', rootDir: path.dirname(file), cache: false })
  const args = [JEST, '--detectOpenHandles', '--config', config]
  const { code, timedOut, stderr } = await runNode(args, { cwd: path.dirname(file), patience: 30_000 })
  return { code, timedOut, open: /Jest has detected.*/s.exec(stderr)?.[0], stderr }
}

describe('jest --detectOpenHandles', () => {
  test('finds none of pools that were closed or terminated, nor of native tasks called as functions', async () => {
    const result = await jestOf(`
      const { WorkerPool } = require(ROOT)
      const { hash } = require(ROOT + '/native.js')
      const ends = [(pool) => pool.close(), (pool) => pool.terminate(), (pool) => pool.close({ timeout: 5000 })]
      test.each(ends)('%s', async (end) => {
        const pool = new WorkerPool({ maxWorkers: 2, healthInterval: 10 })
        pool.on('health', () => {})
        expect(await pool.execute((n) => n, 1)).toBe(1)
        await pool.execute('native:noop')
        await pool.execute((memory) => memory.byteLength, new SharedArrayBuffer(8))
        const bytes = new Uint8Array(100)
        await pool.execute((bytes) => bytes, bytes, { transfer: [bytes.buffer], timeout: 5000 })
        await end(pool)
      })
      test('called as a function', async () => {
        expect(await hash({ data: 'x', algorithm: 'crc32' })).toBe('8cdc1683')
      })`)
    expect(result).toMatchObject({ code: 0, timedOut: false, open: undefined })
    expect(result.stderr).toContain('4 passed')
  }, 40_000)

  test('finds none of an idle pool that nobody has closed, and ends', async () => {
    const result = await jestOf(`
      const { WorkerPool } = require(ROOT)
      test('one', async () => {
        const pool = new WorkerPool({ maxWorkers: 1 })
        await pool.execute('native:noop')
      })`)
    expect(result).toMatchObject({ code: 0, timedOut: false, open: undefined })
  }, 40_000)

  test('finds what is open, so that the others say something', async () => {
    const result = await jestOf(`
      test('one', () => {
        require('node:net').createServer().listen(0).unref()
        setTimeout(() => {}, 1000)
      })`)
    expect(result.open).toContain('Timeout')
  }, 40_000)
})

test('no resource that async_hooks tell of is left of ended pools', async () => {
  const { stdout } = await outputOf([path.join(FIXTURES, 'life', 'open-handles.js')])
  const { active, ...left } = JSON.parse(stdout)
  expect(left).toEqual({ afterClose: [], afterAll: [], beside: [] })
  expect(active.filter((type) => !/^(TTY|Pipe|File)/.test(type))).toEqual([])
})
