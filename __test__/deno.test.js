'use strict'

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { temporaryDirectory } = require('./support/files.js')
const { ROOT } = require('./support/scripts.js')

/** Whether Deno is here, by its name or where THREADMILL_DENO says. */
const DENO = process.env.THREADMILL_DENO ?? 'deno'
const isHere = spawnSync(DENO, ['--version']).status === 0

/** What the package is made of, as npm installs it: Deno takes what lies in node_modules for CommonJS. */
const PARTS = ['package.json', 'index.js', 'index.mjs', 'native.js', 'native.mjs', 'dist', 'threadmill.node']

function runDeno(body) {
  const folder = temporaryDirectory()
  const installed = path.join(folder, 'node_modules', 'threadmill')
  for (const part of PARTS) fs.cpSync(path.join(ROOT, part), path.join(installed, part), { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{"dependencies":{"threadmill":"*"}}')
  const code = `const { WorkerPool } = require('threadmill')\n;(async () => {${body}})()`
  fs.writeFileSync(path.join(folder, 'main.cjs'), code)
  const args = ['run', '-A', '--node-modules-dir=manual', 'main.cjs']
  return execFileSync(DENO, args, { cwd: folder, encoding: 'utf8', timeout: 15_000 })
}

const inDeno = isHere ? describe : describe.skip
const WHERE = isHere
  ? 'in Deno'
  : 'in Deno, which is not here and none of what the project is built with: THREADMILL_DENO may say where it is'

inDeno(WHERE, () => {
  test('plain objects arrive, there and back', () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1 })
      console.log(JSON.stringify(await pool.execute((input) => ({ ...input, b: [1] }), { a: 1 })))
      await pool.close()`
    expect(runDeno(body)).toBe('{"a":1,"b":[1]}\n')
  })

  test('each input that is sent to a worker arrives, one at a time and many at once', () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 2 })
      const send = (n) => {
        const bytes = new Uint8Array(1000 + n)
        return pool.execute((input) => input?.byteLength, bytes, { transfer: [bytes.buffer] })
      }
      let wrong = 0
      for (let n = 0; n < 200; n++) if (await send(n) !== 1000 + n) wrong++
      const all = await Promise.all(Array.from({ length: 200 }, (_, n) => send(n)))
      wrong += all.filter((length, n) => length !== 1000 + n).length
      for (let n = 0; n < 100; n++) {
        const memory = new SharedArrayBuffer(4)
        new Int32Array(memory)[0] = n
        if (await pool.execute((shared) => new Int32Array(shared)[0], memory) !== n) wrong++
        if (String(await pool.execute((n) => new RegExp(n), String(n))) !== '/' + n + '/') wrong++
      }
      await pool.close()
      console.log('wrong', wrong)`
    expect(runDeno(body)).toBe('wrong 0\n')
  })
})
