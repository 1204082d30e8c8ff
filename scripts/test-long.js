'use strict'

// `npm run test:long -- [--minutes N]`: the tests that draw their cases, with new ones each round, for as long as one
// likes: lives of a pool beside a plain model (Rust), values there and back (jest), the soak, and the models whose every
// interleaving takes minutes. Ends with the first failure, which says how to repeat it.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { parseArgs } = require('node:util')

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
const until = Date.now() + Number(values.minutes) * 60_000

/** Each takes one to three minutes on two cores. */
const ROUNDS = [
  [
    { PROPTEST_CASES: '20000' },
    ['cargo', 'test', '--locked', '--no-default-features', '--release', '--lib', 'scheduler::']
  ],
  [{ THREADMILL_RUNS: '4000' }, ['npx', 'jest', '--testTimeout', '300000', 'values.test', 'codec.test']],
  [{}, ['npm', 'run', 'soak', '--', '--minutes', '2']],
  [{ THREADMILL_MODELS: 'whole' }, ['node', 'scripts/test.js', 'model']]
]

for (let round = 0; Date.now() < until; round++) {
  const [env, [command, ...args]] = ROUNDS[round % ROUNDS.length]
  console.log(`\n▶ ${command} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, {
    cwd: path.join(__dirname, '..'),
    env: { ...process.env, ...env },
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
  if (status !== 0) process.exit(1)
}
