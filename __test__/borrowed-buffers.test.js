'use strict'

// A native task reads its owner's buffer without a copy. Whatever the owner does to it meanwhile, the process lives.

const path = require('node:path')
const { ENVIRONMENT } = require('./support/probe.js')
const { outputOf } = require('./support/processes.js')
const { FIXTURES } = require('./support/scripts.js')

const PROGRAM = path.join(FIXTURES, 'buffers', 'lent.js')

/** Node 20 has `transfer()` behind a flag. */
const NEEDS_FLAG = !('transfer' in ArrayBuffer.prototype)

/** V8 of Node 22 changes the length of memory in place when a buffer is transferred, whoever else reads it. */
const BORROWS = process.platform === 'linux' && !process.version.startsWith('v22.')

/** What a scene prints; `outputOf` demands that the process ends by itself, and with 0. */
async function play(environment, ...scene) {
  const flags = NEEDS_FLAG && scene[0].startsWith('transfer') ? ['--harmony-rab-gsab-transfer'] : []
  const { stdout, stderr } = await outputOf(['--expose-gc', ...flags, PROGRAM, ...scene], {
    env: { ...ENVIRONMENT, ...environment },
    patience: 18_000
  })
  expect(stderr).toBe('')
  return stdout.trim()
}

describe.each([
  ['borrowed', {}, BORROWS],
  ['copied, as there is no way to borrow it', { THREADMILL_NO_BORROW: '1' }, false]
])('a large buffer that is %s', (_, environment, isBorrowed) => {
  test.each([
    'structuredClone',
    'a message',
    'transfer()',
    'transfer() to more',
    'transfer() to less',
    'transferToFixedLength()',
    'a resize to zero',
    'a growing memory of WebAssembly',
    'a growing memory of WebAssembly with a limit',
    'collection'
  ])('is read whole by a task that waits or runs, in spite of %s', async (scene) => {
    expect(await play(environment, scene)).toBe('whole')
  })

  test(`shows ${isBorrowed ? '' : 'no '}writing to it`, async () => {
    expect(await play(environment, 'writing to it')).toBe(isBorrowed ? 'changed' : 'whole')
  })

  test.each(['own', 'foreign'])('outlives the thread whose %s memory it is', async (kind) => {
    expect(await play(environment, 'terminated', kind)).toBe('whole')
  })
})
