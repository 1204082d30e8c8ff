'use strict'

const { freshWith } = require('../harness/fresh.js')
const { slope } = require('../harness/statistics.js')

const ROUNDS = 10
const SETTLING = 2 // rounds in which heaps still grow to their working size

/** Piscina gets fewer tasks, to bound the time; its figures are per task as well. */
const sizes = (contender, quick) => {
  if (contender.id === 'threadmill')
    return { queued: quick ? 200_000 : 1_000_000, round: quick ? 20_000 : 100_000 }
  return { queued: quick ? 50_000 : 200_000, round: quick ? 5_000 : 10_000 }
}

module.exports = {
  name: 'memory',
  title: 'memory, in fresh processes, 1 worker',
  contenders: ['threadmill', 'piscina'],
  variants: [{ label: '' }],
  rounds: 3,
  metrics: {
    submitted: {
      title: '1,000,000 tasks waiting (Piscina 200,000), RSS a task',
      unit: 'bytes',
      better: 'less'
    },
    kept: { title: 'the same after a garbage collection', unit: 'bytes', better: 'less' },
    last: {
      title: '10 rounds of 100,000 tasks (Piscina 10,000), RSS after the last',
      unit: 'MB',
      better: 'less'
    },
    growth: { title: 'its growth a round, over rounds 3 to 10', unit: '%', better: 'less' }
  },
  targets: [
    { metric: 'submitted', most: 600 },
    { metric: 'growth', most: 1 }
  ],
  async measure(contender, { quick }) {
    const { queued, round } = sizes(contender, quick)
    const { submitted, kept } = await freshWith(['--expose-gc'], 'queued.js', contender.id, queued)
    const { resident } = await freshWith(['--expose-gc'], 'rounds.js', contender.id, ROUNDS, round)
    const last = resident.at(-1)
    return { submitted, kept, last: last / 1e6, growth: (slope(resident.slice(SETTLING)) / last) * 100 }
  }
}
