'use strict'

const { atOnce, inFlight, oneByOne, perSecond } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')
const { quantile } = require('../harness/statistics.js')

const input = () => undefined

module.exports = {
  name: 'native',
  title: 'native no-op',
  contenders: ['threadmill', 'async-task'],
  // AsyncTask has libuv's four threads under either label.
  variants: [
    { label: '1 native thread', workers: 1 },
    { label: '2 native threads', workers: 2 }
  ],
  metrics: {
    inFlight: { title: '64 in flight', unit: 'tasks/s', better: 'more' },
    atOnce: { title: '50,000 at once', unit: 'tasks/s', better: 'more' },
    p50: { title: 'one at a time, p50', unit: 'µs', better: 'less' },
    p99: { title: 'one at a time, p99', unit: 'µs', better: 'less' }
  },
  targets: [
    { metric: 'inFlight', of: 'async-task', least: 2 },
    { metric: 'atOnce', of: 'async-task', least: 2 },
    { metric: 'p50', of: 'async-task', most: 0.6 }
  ],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'native:noop', input }, async (pool) => {
      const few = quick ? 10_000 : 50_000
      const many = quick ? 20_000 : 50_000
      const times = await oneByOne(pool, 'native:noop', input, quick ? 2_000 : 10_000)
      return {
        inFlight: perSecond(few, await inFlight(pool, 'native:noop', input, few)),
        atOnce: perSecond(many, await atOnce(pool, 'native:noop', input, many)),
        p50: quantile(times, 0.5) * 1000,
        p99: quantile(times, 0.99) * 1000
      }
    })
}
