'use strict'

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { temporaryDirectory } = require('./support/files.js')
const { ROOT } = require('./support/scripts.js')

/** Whether Bun is here, by its name or where THREADMILL_BUN says. */
const BUN = process.env.THREADMILL_BUN ?? 'bun'
const isHere = process.platform === 'linux' && spawnSync(BUN, ['--version']).status === 0

const inBun = isHere ? describe : describe.skip
const WHERE = isHere
  ? 'in Bun'
  : 'in Bun on Linux, which is not here and none of what the project is built with: THREADMILL_BUN may say where it is'

inBun(WHERE, () => {
  test('event loops are woken by Node-API: functions of libuv that end the process are not looked for', () => {
    const folder = temporaryDirectory()
    const code = `
      const { WorkerPool } = require(${JSON.stringify(ROOT)})
      ;(async () => {
        const pool = new WorkerPool({ size: 1 })
        const results = await Promise.all([pool.execute((n) => n, 7), pool.execute('native:noop')])
        await pool.close()
        console.log(results.join())
      })()`
    fs.writeFileSync(path.join(folder, 'main.cjs'), code)
    // The dynamic linker says what is looked for by name.
    const env = { ...process.env, LD_DEBUG: 'symbols', LD_DEBUG_OUTPUT: path.join(folder, 'symbols') }
    const result = spawnSync(BUN, ['run', 'main.cjs'], {
      cwd: folder,
      env,
      encoding: 'utf8',
      timeout: 15_000
    })
    expect(result).toMatchObject({ status: 0, stdout: '7,\n' })
    const named = fs.readdirSync(folder).filter((name) => name.startsWith('symbols'))
    const symbols = named.map((name) => fs.readFileSync(path.join(folder, name), 'utf8')).join('')
    expect(symbols).toContain('symbol=_ZN2v87Isolate18TerminateExecutionEv;')
    expect(symbols).not.toMatch(/symbol=uv_/)
  }, 20_000)
})
