'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..')

/** The JavaScript snippets of a document, in order. */
function snippets(file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].map((match) => match[1])
}

/** What a document's reader has at hand. */
const AT_HAND = `
const input = { width: 320 }
const data = Buffer.from('some bytes')
const bytes = new Uint8Array(100000)
const pixels = new Uint8ClampedArray(1e5)
const sharedArrayBuffer = new SharedArrayBuffer(4)
`

describe.each(['README.md', 'docs/buffers.md', 'docs/faults.md'])('%s', (file) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'threadmill-docs-'))
  // The reader has installed the package.
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(root, path.join(folder, 'node_modules/threadmill'))
  const isScript = (snippet) => snippet.startsWith('// tasks.mjs')
  const all = snippets(file)
  const script = snippets('README.md').filter(isScript).join('\n')
  fs.writeFileSync(path.join(folder, 'tasks.mjs'), script)

  afterAll(() => fs.rmSync(folder, { recursive: true }))

  const running = all.filter((snippet) => !isScript(snippet))
  test.each(running.map((snippet, index) => [index + 1, snippet]))('snippet %i runs', (index, snippet) => {
    const load = snippet.includes('import { WorkerPool }') ? '' : `import { WorkerPool } from 'threadmill'\n`
    const make = snippet.includes('const pool') ? '' : `const pool = new WorkerPool('./tasks.mjs')\n`
    const main = path.join(folder, `snippet-${index}.mjs`)
    fs.writeFileSync(main, load + make + AT_HAND + snippet)
    const { status, stderr } = spawnSync(process.execPath, [main], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 15_000
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('has snippets', () => {
    expect(running.length).toBeGreaterThanOrEqual(2)
  })
})
