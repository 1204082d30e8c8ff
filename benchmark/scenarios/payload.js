'use strict'

const { pools } = require('../contenders/index.js')
const { inFlight, oneByOne, perSecond } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')
const { median } = require('../harness/statistics.js')

const records = Array.from({ length: 200 }, (_, id) => ({
  id,
  name: `Product number ${id}`,
  price: Math.round(id * 123.45) / 100,
  active: id % 3 !== 0,
  tags: ['new', `shelf-${id % 17}`, id % 2 === 0 ? 'even' : 'odd']
}))
const input = () => records

module.exports = {
  name: 'payload',
  title: 'an array of 200 records both ways',
  contenders: [...pools, 'main-thread'],
  variants: [
    { label: '1 worker', workers: 1 },
    { label: '2 workers', workers: 2 }
  ],
  metrics: {
    inFlight: { title: '64 in flight', unit: 'tasks/s', better: 'more' },
    oneByOne: { title: 'one at a time (at the median round trip)', unit: 'tasks/s', better: 'more' }
  },
  targets: [
    { metric: 'inFlight', of: 'piscina', least: 1.5 },
    { metric: 'oneByOne', of: 'piscina', least: 1.5 }
  ],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'echo', input, warmUpTasks: 400 }, async (pool) => {
      const tasks = quick ? 200 : 400
      return {
        inFlight: perSecond(tasks, await inFlight(pool, 'echo', input, tasks)),
        oneByOne: perSecond(1, median(await oneByOne(pool, 'echo', input, tasks)))
      }
    })
}
