'use strict'

const { contender } = require('../contenders/index.js')
const { median } = require('./statistics.js')

/** The id of the peer whose median is best. */
function bestPeer(byContender, better) {
  let best
  for (const [id, values] of Object.entries(byContender)) {
    if (!contender(id).peer) continue
    const value = median(values)
    if (best === undefined || (better === 'more' ? value > best.value : value < best.value))
      best = { id, value }
  }
  return best?.id
}

/** What a target is compared with: its name and its figures by round; neither for an absolute one. */
function reference(metrics, byMetric, { metric, of }) {
  if (of === undefined) return { name: undefined, values: undefined }
  if (of.metric !== undefined)
    return { name: metrics[of.metric].title, values: byMetric?.[of.metric]?.threadmill ?? [] }
  const byContender = byMetric?.[metric] ?? {}
  const id = of === 'best peer' ? bestPeer(byContender, metrics[metric].better) : of
  const title = id === undefined ? 'nobody' : contender(id).title
  return { name: of === 'best peer' ? `best peer (${title})` : title, values: byContender[id] ?? [] }
}

/** How Threadmill does against a target; all but the target is `undefined` where nothing was measured. */
function judge(scenario, byMetric, target) {
  const { name, values } = reference(scenario.metrics, byMetric, target)
  const own = byMetric?.[target.metric]?.threadmill ?? []
  const judged = { ...target, name, value: undefined, byRound: [], reached: undefined }
  if (own.length === 0 || values?.length === 0) return judged
  // A contender that failed in a round has no figure for it, and rounds no longer pair up.
  const paired = values === undefined || values.length === own.length
  judged.value = values === undefined ? median(own) : median(own) / median(values)
  judged.byRound = paired ? own.map((value, round) => value / (values?.[round] ?? 1)) : []
  judged.reached = target.least === undefined ? judged.value <= target.most : judged.value >= target.least
  return judged
}

module.exports = { bestPeer, judge }
