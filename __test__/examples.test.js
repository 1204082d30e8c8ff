'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const folder = path.join(__dirname, '..', 'examples')
const examples = fs.readdirSync(folder).filter((name) => /\.m?js$/.test(name))

function run(...args) {
  return spawnSync(process.execPath, args, {
    cwd: path.join(__dirname, '..'),
    encoding: 'utf8',
    timeout: 100_000
  })
}

test.each(examples)('%s runs', (name) => {
  const { status, stdout, stderr } = run(path.join(folder, name))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).not.toBe('')
})

test('the demo finds that the three ways agree', () => {
  const { status, stdout, stderr } = run(path.join(folder, 'demo', 'index.js'))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/agree/)
}, 120_000)

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3)
})

// Node strips types by itself from 22.18 on; without that there is nothing to load.
const stripsTypes = Boolean(/** @type {any} */ (process.features).typescript)
const typed = stripsTypes ? test : test.skip
typed('a script in TypeScript needs no tools where Node strips types itself', () => {
  const script = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'threadmill-ts-')), 'tasks.ts')
  fs.writeFileSync(script, 'export const double = (n: number): number => n * 2\n')
  const code = `const pool = new (require('.').WorkerPool)(${JSON.stringify(script)})
pool.execute('double', 21).then(console.log).finally(() => pool.close())`
  const { status, stdout } = run('-e', code)
  fs.rmSync(path.dirname(script), { recursive: true })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '42\n' })
})
