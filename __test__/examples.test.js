'use strict'

const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { write } = require('./support/files.js')
const { runNode } = require('./support/processes.js')
const { ROOT } = require('./support/scripts.js')

const folder = path.join(ROOT, 'examples')
const examples = fs.readdirSync(folder).filter((name) => /\.m?js$/.test(name))

/** The comment that an example begins with. */
function headerOf(name) {
  const code = fs.readFileSync(path.join(folder, name), 'utf8')
  return /^(?:'use strict'\n\n)?((?:\/\/.*\n)*)/.exec(code)[1].replaceAll(/^\/\/ ?/gm, '')
}

/** What a header may say that its example prints, and whether it does. */
const PRINTS = {
  'Prints what `sha256sum` would.': (stdout) => {
    const lib = path.join(ROOT, 'lib')
    const files = fs
      .readdirSync(lib, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
      .sort()
    const digest = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex')
    const lines = files.map((file) => `${digest(file)}  ${path.relative(lib, file)}`)
    expect(stdout.split('\n\n')[0].split('\n')).toEqual(lines)
  }
}

async function run(...args) {
  const { code: status, stdout, stderr } = await runNode(args, { cwd: ROOT, patience: 100_000 })
  return { status, stdout, stderr }
}

test.each(examples)('%s runs, and prints what its header says', async (name) => {
  const { status, stdout, stderr } = await run(path.join(folder, name))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).not.toBe('')
  const said =
    headerOf(name)
      .replaceAll('\n', ' ')
      .match(/\bPrints\b.*?\.(?=\s|$)/g) ?? []
  for (const sentence of said) {
    expect(Object.keys(PRINTS)).toContain(sentence)
    PRINTS[sentence](stdout)
  }
})

test('every way of saying what an example prints is one that an example uses', () => {
  for (const sentence of Object.keys(PRINTS))
    expect(examples.some((name) => headerOf(name).replaceAll('\n', ' ').includes(sentence))).toBe(true)
})

test('the demo finds that the three ways agree', async () => {
  const { status, stdout, stderr } = await run(path.join(folder, 'demo', 'index.js'))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/agree/)
}, 120_000)

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3)
})

// Node strips types by itself from 22.18 on; without that there is nothing to load.
const stripsTypes = Boolean(/** @type {any} */ (process.features).typescript)
const typed = stripsTypes ? test : test.skip
typed('a script in TypeScript needs no tools where Node strips types itself', async () => {
  const script = write('tasks.ts', 'export const double = (n: number): number => n * 2\n')
  const code = `const pool = new (require('.').WorkerPool)(${JSON.stringify(script)})
pool.execute('double', 21).then(console.log).finally(() => pool.close())`
  const { status, stdout } = await run('-e', code)
  expect({ status, stdout }).toEqual({ status: 0, stdout: '42\n' })
})
