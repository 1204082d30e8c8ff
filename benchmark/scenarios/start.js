'use strict'

const { fresh } = require('../harness/fresh.js')
const { median } = require('../harness/statistics.js')

/** The medians over some processes. */
async function start(contender, task, processes) {
  const runs = []
  for (let i = 0; i < processes; i++) runs.push(await fresh('start.js', contender.id, task))
  const over = (key) => median(runs.map((run) => run[key]))
  return { construction: over('construction'), again: over('constructionAgain'), first: over('first') }
}

module.exports = {
  name: 'start',
  title: "the start, in fresh processes, with each library's defaults",
  contenders: ['threadmill', 'piscina', 'tinypool', 'workerpool', 'poolifier'],
  variants: [{ label: '' }],
  metrics: {
    construction: { title: "construction of a process's first pool", unit: 'ms', better: 'less' },
    again: { title: 'construction of its second pool', unit: 'ms', better: 'less' },
    firstNative: { title: 'from construction to the first native result', unit: 'ms', better: 'less' },
    firstJavaScript: { title: 'from construction to the first JavaScript result', unit: 'ms', better: 'less' }
  },
  targets: [
    { metric: 'construction', most: 1 },
    { metric: 'firstNative', most: 5 },
    { metric: 'firstJavaScript', of: 'piscina', most: 1.1 }
  ],
  async measure(contender, { quick }) {
    const processes = quick ? 1 : 3
    const javascript = await start(contender, 'echo', processes)
    const figures = {
      construction: javascript.construction,
      again: javascript.again,
      firstJavaScript: javascript.first
    }
    if (contender.id !== 'threadmill') return figures
    const native = await start(contender, 'native:noop', processes)
    return { ...figures, firstNative: native.first }
  }
}
