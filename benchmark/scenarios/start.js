'use strict'

const { fresh } = require('../harness/fresh.js')
const { median } = require('../harness/statistics.js')

/** What each contender is asked for: a pool with its defaults, one that grows, or both. */
const WITH_DEFAULTS = new Set(['threadmill', 'piscina', 'tinypool', 'workerpool', 'poolifier'])
const GROWING = new Set(['threadmill', 'piscina', 'bare-worker'])

/** Workers that are started one after the other. */
const FURTHER = 6

/** The medians over some processes. */
async function medians(processes, measure) {
  const runs = []
  for (let i = 0; i < processes; i++) runs.push(await measure())
  return (key) => median(runs.map((run) => run[key]))
}

module.exports = {
  name: 'start',
  title: "the start, in fresh processes, with each library's defaults",
  contenders: ['threadmill', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'bare-worker'],
  variants: [{ label: '' }],
  metrics: {
    load: { title: '`require` or `import` of the library', unit: 'ms', better: 'less' },
    construction: { title: "construction of a process's first pool", unit: 'ms', better: 'less' },
    again: { title: 'construction of its second pool', unit: 'ms', better: 'less' },
    firstNative: { title: 'from construction to the first native result', unit: 'ms', better: 'less' },
    firstJavaScript: {
      title: 'from construction to the first JavaScript result',
      unit: 'ms',
      better: 'less'
    },
    whole: { title: 'the same from before `require`', unit: 'ms', better: 'less' },
    further: { title: 'from a task to its result, by a worker that it starts', unit: 'ms', better: 'less' },
    furtherMemory: { title: 'RSS of such a worker', unit: 'MB', better: 'less' },
    beyond: { title: "the same beyond a bare Worker's", unit: 'MB', better: 'less' }
  },
  targets: [
    { metric: 'load', most: 5 },
    { metric: 'construction', most: 1 },
    { metric: 'firstNative', most: 5 },
    { metric: 'firstJavaScript', of: 'piscina', most: 1 },
    { metric: 'whole', of: 'piscina', most: 1 },
    { metric: 'further', of: 'piscina', most: 1 },
    { metric: 'beyond', most: 1 }
  ],
  async measure(contender, { quick }) {
    const { id } = contender
    const processes = quick ? 1 : 3
    const figures = {}
    if (WITH_DEFAULTS.has(id)) {
      const over = await medians(processes, () => fresh('start.js', id, 'echo'))
      figures.load = over('load')
      figures.construction = over('construction')
      figures.again = over('constructionAgain')
      figures.firstJavaScript = over('first')
      figures.whole = over('whole')
    }
    if (GROWING.has(id)) {
      const over = await medians(processes, () => fresh('further.js', id, FURTHER))
      figures.further = over('up')
      figures.furtherMemory = over('memory')
    }
    if (id === 'threadmill') {
      figures.firstNative = (await medians(processes, () => fresh('start.js', id, 'native:noop')))('first')
      const bare = await medians(processes, () => fresh('further.js', 'bare-worker', FURTHER))
      figures.beyond = figures.furtherMemory - bare('memory')
    }
    return figures
  }
}
