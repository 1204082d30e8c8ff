'use strict'

// `npm run soak -- [--minutes N] [--seed N]`: a mixed load with faults of every kind on pools of several shapes,
// which are closed and made anew all the while. Every promise has to settle, as its task should; nothing may run
// more often than it may, grow, or stay. Exit code 1 if anything of that fails.

const fs = require('node:fs')
const path = require('node:path')
const { isDeepStrictEqual, parseArgs } = require('node:util')
// The addon that has tasks that panic; `npm run soak` builds it.
process.env.THREADMILL_ADDON ??= path.join(__dirname, '..', 'threadmill.testing.node')
const { WorkerPool } = require('..')
const { Faults } = require(process.env.THREADMILL_ADDON)
const { KINDS, STORM } = require('./soak/kinds.js')

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now()) }
  }
})
const minutes = Number(values.minutes)
const seed = Number(values.seed) >>> 0

/** Mulberry32, by Tommy Ettinger: the same seed gives the same load. */
let state = seed
function random() {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const TASKS = path.join(__dirname, 'soak', 'tasks.cjs')
const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 }
const SHAPES = [
  {},
  { storm: 1, size: 1 },
  { keepWorkerAfterStop: true },
  { storm: 2, size: 2 },
  { concurrentTasksPerWorker: 4 },
  { storm: 1, size: 1, keepWorkerAfterStop: true },
  { strategy: 'round-robin', maxTasksPerWorker: 200 },
  { storm: 1, size: 1, spareWorkers: 1 },
  { strategy: 'least-loaded', concurrentTasksPerWorker: 2, aging: 5 },
  { maxQueue: 4, whenFull: 'reject' },
  { maxQueue: 2, whenFull: 'wait', maxHeapBeforeRecycle: 30e6 },
  { minWorkers: 1, idleTimeout: 5 }
]
const ENDINGS = [
  (pool) => pool.close(),
  (pool) => pool.close({ cancelQueued: true }),
  (pool) => pool.close({ timeout: 20 }),
  (pool) => pool.terminate()
]
/** What a pool's own fate may bring any of its tasks. */
const FATES = ['ERR_POOL_CLOSED', 'ERR_POOL_TERMINATED', 'ERR_QUEUE_FULL']
/** What the fault of another task may bring one that shares its worker. */
const NEIGHBOURS = ['ERR_WORKER_EXITED', 'ERR_WORKER_OUT_OF_MEMORY']

const IN_FLIGHT = 48
const TASKS_PER_POOL = 2_000
/** Of those in a storm, every second or so costs a worker. */
const TASKS_PER_STORM = 200
/** A promise that has not settled after so long is lost. */
const PATIENCE = 60_000

const totals = { tasks: 0, fulfilled: 0, rejected: 0, pools: 0, lost: 0, doubled: 0, wrong: 0 }
const faults = {}
const endings = {}
const problems = []
const open = new Set()

function problem(kind, text) {
  totals[kind]++
  if (problems.length < 20) problems.push(`${kind}: ${text}`)
}

function anyKind(kinds) {
  let at = random() * Object.values(kinds).reduce((sum, { weight }) => sum + weight, 0)
  for (const [name, kind] of Object.entries(kinds)) if ((at -= kind.weight) < 0) return [name, kind]
  return Object.entries(kinds)[0]
}

/** A pool, and the tasks that were given to it. */
class Subject {
  constructor(index) {
    const { storm, ...shape } = SHAPES[index % SHAPES.length]
    const maxWorkers = storm === undefined ? 2 : undefined
    this.pool = new WorkerPool(TASKS, { maxWorkers, nativeThreads: 2, resourceLimits, ...shape })
    this.sharesWorkers = (shape.concurrentTasksPerWorker ?? 1) > 1
    /** How many tasks may run at a time, if that is watched. */
    this.most = storm
    this.floor = new Int32Array(new SharedArrayBuffer(12))
    this.kinds = storm === undefined ? KINDS : STORM
    this.left = storm === undefined ? TASKS_PER_POOL : TASKS_PER_STORM
    this.counts = { fulfilled: 0, rejected: 0, refused: 0 }
    this.runs = new Int32Array(new SharedArrayBuffer(4 * TASKS_PER_POOL))
    totals.pools++
  }

  async run() {
    const [name, { make }] = anyKind(this.kinds)
    const { task, input, onFloor, options = {}, value, ends = [], runs = 1, abortAfter, fault } = make(random)
    const index = --this.left
    if (onFloor) Object.assign(input, { floor: this.floor, most: this.most })
    const counted = ['echo', 'busy', 'wait', 'fail', 'failAtFirst'].includes(task)
    if (counted && random() < 0.5) Object.assign(input, { runs: this.runs, index })
    if (random() < 0.1) options.affinity = Math.floor(random() * 8)
    const controller = new AbortController()
    if (abortAfter !== undefined) {
      options.signal = controller.signal
      const reason = Object.assign(new Error('aborted'), { code: 'SOAK_ABORTED' })
      setTimeout(() => controller.abort(reason), abortAfter)
    }
    totals.tasks++
    if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1
    const record = { name, since: Date.now() }
    open.add(record)
    try {
      const result = await this.pool.execute(task, input, options)
      this.counts.fulfilled++
      totals.fulfilled++
      const isRight = value !== undefined && isDeepStrictEqual(result, value)
      if (!isRight) problem('wrong', `${name} fulfilled with ${JSON.stringify(result)}`)
    } catch (error) {
      const code = error?.code
      endings[code] = (endings[code] ?? 0) + 1
      this.counts.rejected++
      totals.rejected++
      if (code === 'ERR_QUEUE_FULL' || (code === 'ERR_POOL_CLOSED' && /not accepted/.test(error.message)))
        this.counts.refused++
      const allowed = [...ends, ...FATES, ...(this.sharesWorkers ? NEIGHBOURS : [])]
      if (!allowed.includes(code)) problem('wrong', `${name} rejected with ${code}: ${error?.message}`)
    }
    open.delete(record)
    if (Atomics.load(this.runs, index) > runs) problem('doubled', `${name} ran ${this.runs[index]} times`)
  }

  async end() {
    const { pool, counts } = this
    await ENDINGS[Math.floor(random() * ENDINGS.length)](pool)
    const { submitted, completed, failed, cancelled, timedOut } = pool.stats().tasks
    const settled = completed + failed + cancelled + timedOut
    if (settled > submitted) problem('doubled', `${settled} of ${submitted} tasks are over`)
    if (settled < submitted) problem('lost', `${settled} of ${submitted} tasks are over`)
    if (completed < counts.fulfilled) problem('wrong', `${counts.fulfilled} fulfilled, counted ${completed}`)
  }
}

async function keepBusy(until) {
  let subject = new Subject(totals.pools)
  while (Date.now() < until) {
    const tasks = []
    const last = subject
    while (subject.left > 0 && Date.now() < until) {
      const batch = 1 + Math.floor(random() * IN_FLIGHT)
      for (let n = 0; n < batch && subject.left > 0; n++) tasks.push(subject.run())
      if (random() < 0.5) await Promise.race(tasks.slice(-batch))
      else await Promise.all(tasks.splice(0))
      if (random() < 0.02) block(random() * 30)
      if (subject.most === undefined && random() < 0.05) {
        const maxWorkers = 1 + Math.floor(random() * 3)
        subject.pool.resize({ minWorkers: 0, maxWorkers }).catch(() => {})
      }
      if (random() < 0.01) break
    }
    const ended = last.end()
    subject = new Subject(totals.pools)
    await Promise.all([...tasks, ended])
  }
  await subject.end()
}

/** Blocks the main thread, as applications do. */
function block(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

const threads = () =>
  fs.existsSync('/proc/self/task') ? fs.readdirSync('/proc/self/task').length : Number.NaN
const handles = () =>
  process.getActiveResourcesInfo().filter((each) => each !== 'TTYWrap' && each !== 'PipeWrap').length

/** Least squares: MB a minute. */
function slope(samples) {
  const n = samples.length
  if (n < 3) return Number.NaN
  const meanX = samples.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = samples.reduce((sum, [, y]) => sum + y, 0) / n
  const over = samples.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return over / samples.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}

/** Where the memory of this process is, as far as anybody counts it: in MB. */
function memory() {
  const { rss, heapTotal, arrayBuffers } = process.memoryUsage()
  const blocks = Faults.blocks()
  const parts = { rss, heap: heapTotal, arrayBuffers, ...(blocks && { used: blocks[0], unused: blocks[1] }) }
  return Object.entries(parts).map(([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(0)}`)
}

async function main() {
  const warmUp = new WorkerPool(TASKS, { maxWorkers: 1 })
  await warmUp.execute('echo', { value: 1 }, { timeout: 1000 })
  await warmUp.close()
  const before = { threads: threads(), handles: handles() }
  const start = Date.now()
  const samples = []
  const minutely = []
  const sampling = setInterval(() => {
    samples.push([(Date.now() - start) / 60_000, process.memoryUsage.rss() / 1e6])
    if (samples.length % 60 === 0) minutely.push(`${samples.length / 60}: ${memory().join(', ')}`)
    for (const record of open) {
      if (Date.now() - record.since < PATIENCE || record.isLost) continue
      record.isLost = true
      problem('lost', `${record.name} has not settled within ${PATIENCE / 1000} s`)
    }
  }, 1000)
  const until = start + minutes * 60_000
  const giveUp = setTimeout(() => report('the load did not come to its end'), minutes * 60_000 + 2 * PATIENCE)
  await Promise.all([keepBusy(until), keepBusy(until)])
  clearTimeout(giveUp)
  clearInterval(sampling)
  for (const { name } of open) problem('lost', `${name} has not settled`)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  report(undefined)

  function report(failure) {
    const steady = samples.slice(Math.floor(samples.length / 3)) // pools of every shape have come and gone by then
    const after = { threads: threads(), handles: handles() }
    const table = (entries) =>
      Object.entries(entries)
        .sort(([, a], [, b]) => b - a)
        .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`)
        .join('\n')
    console.log(`seed ${seed}, ${((Date.now() - start) / 60_000).toFixed(1)} minutes, ${totals.pools} pools`)
    console.log(`tasks ${totals.tasks}: ${totals.fulfilled} fulfilled, ${totals.rejected} rejected`)
    console.log(`faults\n${table(faults)}`)
    console.log(`rejections by code\n${table(endings)}`)
    console.log(`lost ${totals.lost}, doubled ${totals.doubled}, wrong ${totals.wrong}`)
    console.log(`MB by the minute\n  ${minutely.join('\n  ')}`)
    const [, first = 0] = steady[0] ?? []
    const [, last = 0] = steady.at(-1) ?? []
    console.log(
      `RSS after the first third ${first.toFixed(0)} MB -> ${last.toFixed(0)} MB, slope ${slope(steady).toFixed(2)} MB a minute`
    )
    console.log(
      `threads ${before.threads} -> ${after.threads}, handles ${before.handles} -> ${after.handles}`
    )
    for (const each of problems) console.log(`✖ ${each}`)
    if (failure !== undefined) console.log(`✖ ${failure}`)
    const isClean = totals.lost + totals.doubled + totals.wrong === 0 && failure === undefined
    process.exit(isClean && !(after.threads > before.threads) ? 0 : 1)
  }
}

main()
