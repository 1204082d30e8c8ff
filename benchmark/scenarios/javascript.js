'use strict'

const { pools } = require('../contenders/index.js')
const { atOnce, inFlight, perSecond } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')

const input = () => ({ a: 1 })

module.exports = {
  name: 'javascript',
  title: 'JavaScript no-op, { a: 1 } both ways',
  contenders: [...pools, 'main-thread'],
  variants: [
    { label: '1 worker', workers: 1 },
    { label: '2 workers', workers: 2 }
  ],
  metrics: {
    inFlight: { title: '64 in flight', unit: 'tasks/s', better: 'more' },
    atOnce: { title: '50,000 at once', unit: 'tasks/s', better: 'more' }
  },
  targets: [
    { metric: 'inFlight', of: 'piscina', least: 10 },
    { metric: 'inFlight', of: 'best peer', least: 5 },
    { metric: 'atOnce', of: 'piscina', least: 10 },
    { metric: 'atOnce', of: 'best peer', least: 5 }
  ],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'echo', input }, async (pool) => {
      const few = quick ? 5_000 : 20_000
      const many = quick ? 10_000 : 50_000
      return {
        inFlight: perSecond(few, await inFlight(pool, 'echo', input, few)),
        atOnce: perSecond(many, await atOnce(pool, 'echo', input, many))
      }
    })
}
