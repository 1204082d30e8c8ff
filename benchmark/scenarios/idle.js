'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { withPool } = require('../harness/pool.js')
const { quantile } = require('../harness/statistics.js')

const GAP = 1 // ms

/** The microseconds of tasks that come after a pause each. */
async function afterPauses(pool, task, input, tasks) {
  const times = new Float64Array(tasks)
  for (let i = 0; i < tasks; i++) {
    await sleep(GAP)
    const start = performance.now()
    await pool.run(task, input)
    times[i] = (performance.now() - start) * 1000
  }
  return times
}

module.exports = {
  name: 'idle',
  title: 'one task a millisecond, 1 worker or native thread (for information)',
  contenders: ['threadmill', 'piscina', 'tinypool', 'async-task'],
  variants: [{ label: '', workers: 1 }],
  metrics: {
    p50: { title: 'JavaScript no-op, p50', unit: 'µs', better: 'less' },
    p99: { title: 'JavaScript no-op, p99', unit: 'µs', better: 'less' },
    nativeP50: { title: 'native no-op, p50', unit: 'µs', better: 'less' },
    nativeP99: { title: 'native no-op, p99', unit: 'µs', better: 'less' }
  },
  targets: [],
  async measure(contender, { workers, quick }) {
    const tasks = quick ? 200 : 500
    const measure = async (task, input) => {
      const warm = { workers, task, input: () => input }
      const times = await withPool(contender, warm, (pool) => afterPauses(pool, task, input, tasks))
      return [quantile(times, 0.5), quantile(times, 0.99)]
    }
    const figures = {}
    if (contender.id !== 'async-task') [figures.p50, figures.p99] = await measure('echo', { a: 1 })
    if (['threadmill', 'async-task'].includes(contender.id))
      [figures.nativeP50, figures.nativeP99] = await measure('native:noop', undefined)
    return figures
  }
}
