'use strict'

// Every way in which a pool ends, in every state that it can be in: a process for each. See fixtures/life/endings.js.

const path = require('node:path')
const { runNode } = require('./support/processes.js')
const { FIXTURES } = require('./support/scripts.js')

const SCENES = path.join(FIXTURES, 'life', 'endings.js')
/** Processes at a time. */
const LANES = 2

const STATES = [
  'fresh',
  'idle',
  'starting',
  'queued',
  'looping',
  'awaiting',
  'native',
  'backing off',
  'being asked about a retry',
  'about to be asked about a retry',
  'a retry condition takes its time',
  'a worker has died',
  'a worker is recycled',
  'a worker is retired',
  'held',
  'a task is being stopped'
]

/** What becomes of tasks that run and of those that do not, and what is said to those that come later. */
const POOL_ENDINGS = {
  'close()': ['fulfilled', 'fulfilled', 'ERR_POOL_CLOSED'],
  'close({ cancelQueued: true })': ['fulfilled', 'ERR_POOL_CLOSED', 'ERR_POOL_CLOSED'],
  'close({ timeout: 30 })': ['ERR_POOL_TERMINATED', 'ERR_POOL_TERMINATED', undefined],
  'terminate()': ['ERR_POOL_TERMINATED', 'ERR_POOL_TERMINATED', 'ERR_POOL_TERMINATED']
}
const THREAD_ENDINGS = ['process.exit() in its thread', 'the end of its thread by terminate()']
const ENDINGS = [...Object.keys(POOL_ENDINGS), ...THREAD_ENDINGS, 'process.exit()']
/** Only a pool without tasks lets its thread end. */
const NATURAL = ['the natural end of its thread', ['fresh', 'idle']]

/** Results of processes by scene, LANES of them at a time. */
const results = new Map()

beforeAll(() => {
  const endings = [...ENDINGS.map((ending) => [ending, STATES]), NATURAL]
  const scenes = endings.flatMap(([ending, states]) => states.map((state) => [ending, state]))
  const lanes = Array.from({ length: LANES }, () => Promise.resolve())
  for (const [n, [ending, state]] of scenes.entries()) {
    lanes[n % LANES] = lanes[n % LANES].then(() => runNode([SCENES, ending, state]))
    results.set(`${ending} ${state}`, lanes[n % LANES])
  }
})

/** What a process printed, which ended by itself and said nothing else. */
async function endOf(ending, state, code = 0) {
  const { stdout, timedOut, ...result } = await results.get(`${ending} ${state}`)
  expect({ timedOut, ...result }).toEqual({ timedOut: false, code, signal: null, stderr: '' })
  return stdout
}

const onLinux = process.platform === 'linux' ? describe : describe.skip

onLinux.each(Object.entries(POOL_ENDINGS))('%s', (ending, [running, queued, later]) => {
  test.each(STATES)('%s', async (state) => {
    const end = JSON.parse(await endOf(ending, state))
    const expected = { running, queued, done: 'fulfilled', dead: 'ERR_WORKER_EXITED', aborted: 'the reason' }
    expect(end.tasks).toEqual(end.tasks.map(({ role }) => ({ role, calls: [expected[role]] })))
    expect(end.left).toEqual([0, 0, 0, 0])
    expect(end.refusals).toEqual([later ?? expect.stringMatching(/^ERR_POOL_(CLOSED|TERMINATED)$/)])
    expect(end.threads).toBe(0)
    expect(end.resources[1]).toBe(end.resources[0])
  })
})

onLinux.each([...THREAD_ENDINGS.map((ending) => [ending, STATES]), NATURAL])('%s', (ending, states) => {
  test.each(states)('%s', async (state) => {
    const { errors, threads, resources } = JSON.parse(await endOf(ending, state))
    expect({ errors, threads }).toEqual({ errors: [], threads: 0 })
    expect(resources[1]).toBe(resources[0])
  })
})

onLinux('process.exit()', () => {
  test.each(STATES)('%s', async (state) => {
    expect(await endOf('process.exit()', state, 7)).toBe('')
  })
})
