'use strict'

const { atOnce, inFlight, perSecond } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')

const input = () => ({ a: 1 })

module.exports = {
  name: 'many',
  title: 'JavaScript no-op, { a: 1 } both ways, with more workers than processors',
  contenders: ['threadmill', 'piscina'],
  variants: [1, 2, 4, 16, 32].map((workers) => ({ label: `${workers} workers`, workers })),
  metrics: {
    inFlight: { title: '64 in flight', unit: 'tasks/s', better: 'more' },
    atOnce: { title: '20,000 at once', unit: 'tasks/s', better: 'more' }
  },
  targets: [],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'echo', input }, async (pool) => {
      const few = quick ? 5_000 : 20_000
      return {
        inFlight: perSecond(few, await inFlight(pool, 'echo', input, few)),
        atOnce: perSecond(few, await atOnce(pool, 'echo', input, few))
      }
    })
}
