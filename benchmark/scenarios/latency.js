'use strict'

const { pools } = require('../contenders/index.js')
const { oneByOne } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')
const { quantile } = require('../harness/statistics.js')

const input = () => ({ a: 1 })

module.exports = {
  name: 'latency',
  title: 'JavaScript no-op, { a: 1 } both ways, one at a time',
  contenders: [...pools, 'main-thread'],
  variants: [
    { label: '1 worker', workers: 1 },
    { label: '2 workers', workers: 2 }
  ],
  metrics: {
    p50: { title: 'round trip, p50', unit: 'µs', better: 'less' },
    p99: { title: 'round trip, p99', unit: 'µs', better: 'less' }
  },
  targets: [
    { metric: 'p50', of: 'best peer', most: 0.4 },
    { metric: 'p99', of: 'best peer', most: 1 }
  ],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'echo', input }, async (pool) => {
      const times = await oneByOne(pool, 'echo', input, quick ? 2_000 : 10_000)
      return { p50: quantile(times, 0.5) * 1000, p99: quantile(times, 0.99) * 1000 }
    })
}
