'use strict'

const { check } = require('../carry/check.js')
const { copying } = require('../carry/copying.js')
const { chainOf, forSoLong, oneAtATime } = require('../carry/load.js')
const { lines } = require('../carry/report.js')
const { cells, valuesOf } = require('../carry/values.js')
const { mainThreadTime } = require('../harness/cpu.js')
const { perSecond } = require('../harness/load.js')
const { collectGarbage, openPool } = require('../harness/pool.js')

/** Milliseconds that each value is carried. */
const FULL = { warmUp: 50, inFlight: 100, oneAtATime: { duration: 40, leastTrips: 3 } }
const QUICK = { warmUp: 0, inFlight: 5, oneAtATime: { duration: 2, leastTrips: 1 } }

const small = { workers: 1, task: 'echo', input: () => ({ a: 1 }) }

// Each contender has one pool in a round, which carries one value after the other: with a new one for each, most of the
// time would be spent on starting workers.
/** @type {Map<string, any>} */
const pools = new Map()
/** What has been compared with the original, by contender and value. */
const checked = new Set()

/** Of the cell that is being measured: making a large one takes longer than carrying it. */
let made = { label: '', values: [] }

function valuesFor(cell) {
  if (made.label !== cell.label) made = { label: cell.label, values: valuesOf(cell) }
  return made.values
}

async function poolOf(contender) {
  let pool = pools.get(contender.id)
  if (pool === undefined) pools.set(contender.id, (pool = await openPool(contender, small)))
  return pool
}

module.exports = {
  name: 'carry',
  title:
    'values of many kinds, there and back unless said otherwise, 1 worker; Threadmill through the best peer of each column',
  contenders: ['threadmill', 'piscina', 'piscina-64', 'tinypool', 'workerpool'],
  variants: cells,
  rounds: 3,
  quickRounds: 1,
  metrics: {
    throughput: { title: 'in flight', unit: 'tasks/s', better: 'more' },
    mainThread: { title: "the main thread's processor time a task", unit: 'µs', better: 'less' },
    latency: { title: 'one at a time', unit: 'ms', better: 'less' },
    floor: { title: 'one thread that copies', unit: 'bytes', better: 'more' }
  },
  targets: [],
  async measure(contender, { quick, ...cell }) {
    const durations = quick ? QUICK : FULL
    const pool = await poolOf(contender)
    const values = valuesFor(cell)
    const key = `${contender.id} ${cell.label}`
    if (!checked.has(key)) {
      const echoes = { ...cell, route: cell.route === 'there' ? 'both' : cell.route }
      check(await chainOf(pool, echoes, values)(), values[0], cell.label)
      checked.add(key)
    }
    collectGarbage()
    if (durations.warmUp > 0) await forSoLong(pool, cell, values, durations.warmUp)
    const before = mainThreadTime?.() ?? 0
    const { tasks, milliseconds } = await forSoLong(pool, cell, values, durations.inFlight)
    const busy = (mainThreadTime?.() ?? 0) - before
    return {
      throughput: perSecond(tasks, milliseconds),
      ...(mainThreadTime !== undefined && { mainThread: busy / tasks }),
      latency: await oneAtATime(pool, cell, values, durations.oneAtATime),
      ...(cell.bytes !== undefined && contender.id === 'threadmill' && { floor: copying(cell.bytes) })
    }
  },
  async afterRound() {
    const open = [...pools.values()]
    pools.clear()
    await Promise.all(open.map((pool) => pool.destroy()))
  },
  report: lines
}
