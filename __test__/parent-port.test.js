'use strict'

const { write } = require('./support/files.js')
const { expectNext, poolsOf } = require('./support/pools.js')
const { until, within } = require('./support/waiting.js')

const single = poolsOf(undefined, { maxWorkers: 1 })

const post = (message) => {
  require('node:worker_threads').parentPort.postMessage(message)
  return 'posted'
}

/** Whatever a script says on its port, in the words that the pool and its workers have for each other and in others. */
const MESSAGES = [
  ['nothing', undefined],
  ['null', null],
  ['text', 'threadmill'],
  ['a failure that is a number', { threadmill: { failure: 1 } }],
  ['an error that is a number', { threadmill: { error: 1 } }],
  ['that it leaves', { threadmill: { leaves: true } }],
  ['nothing under our name', { threadmill: null }],
  ...[0, 1, 2, 3, 4].flatMap((kind) => [
    [`kind ${kind}`, [kind]],
    [`kind ${kind} with nonsense`, [kind, { parts: 1 }]]
  ])
]

describe('parentPort belongs to the script', () => {
  test.each(MESSAGES)('%s posted there means nothing to the pool', async (_, message) => {
    const pool = single()
    const heard = []
    for (const event of ['error', 'workerStart', 'workerExit']) pool.on(event, () => heard.push(event))
    expect(await within(pool.execute(post, message), 'the task')).toBe('posted')
    await expectNext(pool)
    await within(pool.close(), 'close()')
    await until(() => heard.includes('workerExit'), "the event 'workerExit'")
    expect(heard).toEqual(['workerStart', 'workerExit'])
  })

  test('a script may close it', async () => {
    const script = write(
      'tasks.cjs',
      `require('node:worker_threads').parentPort.close()
       exports.task = () => 'done'
       exports.teardown = () => { throw new RangeError('no') }`
    )
    const pool = single({ script, minWorkers: 1 })
    const errors = []
    pool.on('error', (error) => errors.push(error))
    await within(pool.ready(), 'ready()')
    expect(await within(pool.execute('task'), 'the task')).toBe('done')
    await within(pool.close(), 'close()')
    await until(() => errors.length === 1, 'what teardown threw')
    expect(errors[0].cause).toMatchObject({ name: 'RangeError', message: 'no' })
  })

  test('a script may replace postMessage', async () => {
    const script = write(
      'tasks.cjs',
      `const { parentPort } = require('node:worker_threads')
       parentPort.postMessage = () => { throw new Error('not for you') }
       exports.task = () => 'done'`
    )
    const pool = single({ script, minWorkers: 1 })
    await within(pool.ready(), 'ready()')
    expect(await within(pool.execute('task'), 'the task')).toBe('done')
  })
})

describe('what a worker says of itself is checked', () => {
  test('ports that a script finds carry no harm to the owner', async () => {
    const pool = single()
    const heard = []
    pool.on('error', (error) => heard.push(error.message))
    // Every port that Node lists for the thread.
    const intrude = () => {
      const ports = process._getActiveHandles().filter((each) => typeof each.postMessage === 'function')
      for (const port of ports)
        for (const message of [
          null,
          1,
          [],
          [3, 1],
          [3, [1, null]],
          [1, [1, { own: null }]],
          [9, 9],
          { threadmill: 1 }
        ])
          port.postMessage(message)
      return 'done'
    }
    expect(await within(pool.execute(intrude), 'the task')).toBe('done')
    await expectNext(pool)
    await within(pool.close(), 'close()')
  })
})
