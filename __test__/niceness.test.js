'use strict'

// `niceIncrement`: how far a pool's threads stand back behind the thread that made the pool.

const fs = require('node:fs')
const os = require('node:os')
const { WorkerPool } = require('..')
const { thrownBy } = require('./support/outcomes.js')
const { track } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')
const { within } = require('./support/waiting.js')

const onLinux = process.platform === 'linux' ? test : test.skip
const WHERE = process.platform === 'linux' ? '' : ' (skipped: niceness belongs to whole processes here)'

/** What Node.js says of the calling thread: on Linux, `getpriority` speaks of threads. */
const own = () => require('node:os').getPriority()

/** The niceness of this process's threads of a name; see proc(5), the 19th field of `stat`. */
function nicenessOf(name) {
  const folder = '/proc/self/task'
  const files = fs.readdirSync(folder).map((id) => fs.readFileSync(`${folder}/${id}/stat`, 'utf8'))
  const named = files.filter((stat) => stat.includes(`(${name}`))
  return named.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
}

const run = (pool) =>
  within(Promise.all([pool.execute(own), pool.execute('native:noop')]), 'a task of each kind')

onLinux(
  `workers and native threads are so much nicer than the thread that made the pool${WHERE}`,
  async () => {
    const pool = track(new WorkerPool({ name: 'nicer', size: 1, nativeThreads: 1, niceIncrement: 7 }))
    const [worker] = await run(pool)
    expect(worker).toBe(Math.min(os.getPriority() + 7, 19))
    expect([...new Set(nicenessOf('nicer'))]).toEqual([worker])
  }
)

onLinux(`the thread that made the pool is as nice as it was${WHERE}`, async () => {
  const before = os.getPriority()
  await run(track(new WorkerPool({ size: 1, nativeThreads: 1, niceIncrement: 39 })))
  expect(os.getPriority()).toBe(before)
})

onLinux(`beyond what the system has, it is the system's most${WHERE}`, async () => {
  const pool = track(new WorkerPool({ size: 1, nativeThreads: 1, niceIncrement: 39 }))
  expect((await run(pool))[0]).toBe(19)
})

onLinux(
  `a pool within a worker counts from that worker, and so do workers that come later${WHERE}`,
  async () => {
    const outer = track(new WorkerPool({ size: 1, nativeThreads: 1, niceIncrement: 3 }))
    const inner = await within(
      outer.execute(async (path) => {
        const { WorkerPool } = require(path)
        const pool = new WorkerPool({ size: 1, niceIncrement: 4, maxTasksPerWorker: 1 })
        const read = () => require('node:os').getPriority()
        const seen = [await pool.execute(read), await pool.execute(read)]
        await pool.close()
        return seen
      }, require.resolve('..')),
      'tasks of a pool within a worker'
    )
    const most = Math.min(os.getPriority() + 7, 19)
    expect(inner).toEqual([most, most])
  }
)

onLinux(
  `threads of the process that a task is the first to need are as nice as those of any process${WHERE}`,
  async () => {
    const result = await runProgram(`
      const fs = require('node:fs')
      const pool = new WorkerPool({ size: 1, niceIncrement: 5 })
      await pool.execute(async () => (await require('node:fs/promises').readFile('/proc/self/stat')).length)
      await pool.close()
      const stats = fs.readdirSync('/proc/self/task').map((id) => fs.readFileSync('/proc/self/task/' + id + '/stat', 'utf8'))
      const niceness = stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
      console.log(new Set(niceness).size, Math.max(...niceness) - require('node:os').getPriority())`)
    expect(result).toEqual({ status: 0, timedOut: false, stdout: '1 0\n', stderr: '' })
  }
)

test('without it, threads are as nice as the one that made the pool', async () => {
  const pool = track(new WorkerPool({ size: 1, nativeThreads: 1 }))
  expect((await run(pool))[0]).toBe(os.getPriority())
})

test.each([
  [-1, 'ERR_OUT_OF_RANGE'],
  [40, 'ERR_OUT_OF_RANGE'],
  [1.5, 'ERR_OUT_OF_RANGE'],
  [Number.NaN, 'ERR_OUT_OF_RANGE'],
  ['1', 'ERR_INVALID_ARG_TYPE']
])('%p is no increment', (niceIncrement, code) => {
  const error = thrownBy(() => new WorkerPool({ niceIncrement }))
  expect(error).toMatchObject({ code })
  expect(error.message).toContain("'niceIncrement'")
})
