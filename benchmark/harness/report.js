'use strict'

const { contender } = require('../contenders/index.js')
const { digits, figure, ratio, table } = require('./format.js')
const { median } = require('./statistics.js')
const { bestPeer, judge } = require('./verdicts.js')

const heading = (scenario, variant) => [scenario.title, variant.label].filter(Boolean).join(', ')

/** What the others are divided by, as far as it was measured: headings and ids. */
function references(byContender, better) {
  const best = bestPeer(byContender, better)
  const columns = [
    ['of Piscina', 'piscina'],
    ['of best peer', best === 'piscina' && Object.keys(byContender).length < 3 ? undefined : best],
    ['of AsyncTask', 'async-task']
  ]
  return columns.filter(([, id]) => byContender[id] !== undefined)
}

/** The rows of one metric: a line for each contender that has figures. */
function metricLines(scenario, byContender, { title, unit, better }) {
  const medians = Object.fromEntries(Object.entries(byContender).map(([id, values]) => [id, median(values)]))
  // A factor between two shares would say nothing.
  const columns = unit === '%' ? [] : references(byContender, better)
  const best = bestPeer(byContender, better)
  const rows = [
    [`${title} (${unit}, ${better} is better)`, 'median', 'min – max', ...columns.map(([name]) => name)]
  ]
  for (const id of scenario.contenders) {
    const values = byContender[id]
    if (values === undefined) continue
    rows.push([
      `  ${contender(id).title}${id === best && columns.length > 1 ? ' *' : ''}`,
      figure(medians[id], unit),
      `${figure(Math.min(...values), unit)} – ${figure(Math.max(...values), unit)}`,
      ...columns.map(([, reference]) => ratio(medians[id] / medians[reference]))
    ])
  }
  return table(rows)
}

/** A target in words, what was measured, and whether that reaches it. */
function verdictCells(scenario, judged) {
  const { unit } = scenario.metrics[judged.metric]
  const absolute = judged.of === undefined
  const show = (value) => (absolute ? `${digits(value)} ${unit}` : ratio(value))
  const bound = judged.least === undefined ? `≤ ${judged.most}` : `≥ ${judged.least}`
  const words = absolute ? `${bound} ${unit}` : `${bound} × ${judged.name}`
  if (judged.value === undefined) return [words, 'not measured', '', '']
  const range =
    judged.byRound.length > 1
      ? `${show(Math.min(...judged.byRound))} – ${show(Math.max(...judged.byRound))}`
      : ''
  return [words, show(judged.value), range, judged.reached ? 'reached' : 'not reached']
}

/** The tables of a scenario in one of its variants. */
function variantLines(scenario, variant, byMetric) {
  const lines = ['', heading(scenario, variant), '']
  if (byMetric === undefined) return [...lines, '  not measured']
  for (const [key, metric] of Object.entries(scenario.metrics)) {
    if (byMetric[key] === undefined) continue
    lines.push(...metricLines(scenario, byMetric[key], metric))
    for (const target of scenario.targets.filter((each) => each.metric === key)) {
      const [words, measured, , verdict] = verdictCells(scenario, judge(scenario, byMetric, target))
      lines.push(`    target ${words}: ${measured}${verdict && `, ${verdict}`}`)
    }
    lines.push('')
  }
  return lines.slice(0, -1)
}

/** Every target with its verdict. */
function summaryLines(scenarios, figures) {
  const rows = [['scenario', 'metric', 'target', 'measured', 'single rounds', 'verdict']]
  for (const scenario of scenarios) {
    for (const variant of scenario.variants) {
      for (const target of scenario.targets) {
        const judged = judge(scenario, figures[scenario.name]?.[variant.label], target)
        rows.push([
          [scenario.name, variant.label].filter(Boolean).join(', '),
          scenario.metrics[target.metric].title,
          ...verdictCells(scenario, judged)
        ])
      }
    }
  }
  const reached = rows.filter((row) => row.at(-1) === 'reached').length
  return ['', `Targets: ${reached} of ${rows.length - 1} reached`, '', ...table(rows, 3)]
}

/** The whole report, as text. */
function report(scenarios, figures) {
  const lines = []
  for (const scenario of scenarios) {
    if (scenario.report !== undefined) lines.push(...scenario.report(scenario, figures[scenario.name]))
    else
      for (const variant of scenario.variants)
        lines.push(...variantLines(scenario, variant, figures[scenario.name]?.[variant.label]))
  }
  if (scenarios.some(({ targets }) => targets.length > 0)) lines.push(...summaryLines(scenarios, figures))
  return lines.join('\n')
}

/** Every figure, and what was made of it, as a plain value. */
function raw(scenarios, figures) {
  return scenarios.map((scenario) => ({
    name: scenario.name,
    title: scenario.title,
    metrics: scenario.metrics,
    variants: scenario.variants.map(({ label }) => {
      const byMetric = figures[scenario.name]?.[label] ?? {}
      const medians = {}
      for (const [metric, byContender] of Object.entries(byMetric))
        for (const [id, values] of Object.entries(byContender)) (medians[metric] ??= {})[id] = median(values)
      const targets = scenario.targets.map((target) => judge(scenario, byMetric, target))
      return { label, figures: byMetric, medians, targets }
    })
  }))
}

module.exports = { report, raw }
