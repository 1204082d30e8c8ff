'use strict'

const { pools } = require('../contenders/index.js')
const { mainThreadTime } = require('../harness/cpu.js')
const { inFlight } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')

const input = () => ({ a: 1 })

module.exports = {
  name: 'cpu',
  title: "the main thread's processor time, JavaScript no-op, 64 in flight",
  contenders: pools,
  variants: [
    { label: '1 worker', workers: 1 },
    { label: '2 workers', workers: 2 }
  ],
  metrics: {
    perTask: { title: "the main thread's processor time a task", unit: 'µs', better: 'less' }
  },
  targets: [{ metric: 'perTask', of: 'piscina', most: 0.2 }],
  async measure(contender, { workers, quick }) {
    if (mainThreadTime === undefined) return {}
    return withPool(contender, { workers, task: 'echo', input }, async (pool) => {
      const tasks = quick ? 10_000 : 20_000
      const before = mainThreadTime()
      await inFlight(pool, 'echo', input, tasks)
      return { perTask: (mainThreadTime() - before) / tasks }
    })
  }
}
