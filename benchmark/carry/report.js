'use strict'

const { contender } = require('../contenders/index.js')
const { digits, ratio, table } = require('../harness/format.js')
const { median } = require('../harness/statistics.js')
const { bestPeer } = require('../harness/verdicts.js')

// One line a value: Threadmill divided by the best peer, and what is expected of all lines together.

/** What is divided, by the scenario's metric; `every` cell, and the geometric `mean` of all. */
const COLUMNS = [
  { metric: 'throughput', title: 'throughput', better: 'more', every: 1, mean: 2.5 },
  { metric: 'mainThread', title: 'main thread', better: 'less', every: 1, mean: 0.5 },
  { metric: 'latency', title: 'one at a time', better: 'less', every: 1, mean: undefined }
]

/** Threadmill's median through that of the best peer, which differs from column to column. */
function compared(byContender, better) {
  const own = byContender?.threadmill
  const best = byContender === undefined ? undefined : bestPeer(byContender, better)
  if (own === undefined || best === undefined) return { value: Number.NaN, best: undefined }
  return { value: median(own) / median(byContender[best]), best }
}

/** Fewer bytes say nothing of how they are copied. */
const LEAST_BYTES = 10_000

const reaches = (value, bound, better) => (better === 'more' ? value >= bound : value <= bound)
const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

function row({ label, bytes, route }, byMetric) {
  const cells = COLUMNS.map(({ metric, better, every }) => {
    const { value } = compared(byMetric?.[metric], better)
    return Number.isFinite(value) && !reaches(value, every, better) ? `! ${ratio(value)}` : ratio(value)
  })
  const throughput = byMetric?.throughput
  const { best } = compared(throughput, 'more')
  const own = throughput?.threadmill
  const carried = bytes === undefined || own === undefined ? undefined : bytes * (route === 'both' ? 2 : 1)
  const speed = carried === undefined ? Number.NaN : median(own) * carried
  const floor = byMetric?.floor?.threadmill
  return [
    label,
    best === undefined ? '' : contender(best).title,
    ...cells,
    own === undefined ? '–' : digits(median(own)),
    carried === undefined ? '' : digits(speed / 1e6),
    carried === undefined || floor === undefined || bytes < LEAST_BYTES
      ? ''
      : `${Math.round((speed / median(floor)) * 100)} %`
  ]
}

/** A line for each target: reached or not, and where not. */
function verdicts(variants, figures) {
  const rows = [['target', 'measured', 'verdict']]
  for (const { metric, title, better, every, mean } of COLUMNS) {
    const values = variants.map(({ label }) => compared(figures?.[label]?.[metric], better).value)
    const measured = values.filter(Number.isFinite)
    if (measured.length === 0) continue
    const sign = better === 'more' ? '≥' : '≤'
    const missed = measured.filter((value) => !reaches(value, every, better)).length
    const worst = better === 'more' ? Math.min(...measured) : Math.max(...measured)
    rows.push([
      `${title} ${sign} ${every} × best peer, every line`,
      `${missed} of ${measured.length} miss it, the worst with ${ratio(worst)}`,
      missed === 0 ? 'reached' : 'not reached'
    ])
    const average = geometricMean(measured)
    const verdict = mean !== undefined && (reaches(average, mean, better) ? 'reached' : 'not reached')
    rows.push([
      `${title}${mean === undefined ? '' : ` ${sign} ${mean} × best peer`}, geometric mean`,
      ratio(average),
      verdict || ''
    ])
  }
  return table(rows, 3)
}

/** The lines that stand for all tables of the scenario. */
function lines({ title, variants }, figures) {
  const heading = [
    'value',
    'best peer',
    ...COLUMNS.map((column) => column.title),
    'tasks/s',
    'MB/s',
    'of memcpy'
  ]
  const rows = variants.map((variant) => row(variant, figures?.[variant.label]))
  return ['', title, '', ...table([heading, ...rows], 2), '', ...verdicts(variants, figures)]
}

module.exports = { lines }
