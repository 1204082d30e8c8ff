'use strict'

const { contender } = require('../contenders/index.js')

const LONGEST_MEASUREMENT = 120_000 // ms; a promise that never settles must not stop the others

/** Settles as the promise does, or rejects when it takes too long. */
function inTime(promise) {
  let timer
  const late = new Promise((_, reject) => {
    const error = new Error(`not finished after ${LONGEST_MEASUREMENT / 1000} s`)
    timer = setTimeout(reject, LONGEST_MEASUREMENT, error)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** The list, beginning with another one each time. */
const rotated = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/**
 * Measures everything once a round, in an order that rotates, so that whatever slows the machine down for a
 * while slows down all contenders alike. The figures are in `figures[scenario][variant][metric][contender]`,
 * one a round.
 */
async function runRounds(scenarios, { rounds, quick }, progress) {
  const most = (scenario) => (quick ? scenario.quickRounds : undefined) ?? scenario.rounds ?? rounds
  const figures = {}
  const failures = []
  for (const id of new Set(scenarios.flatMap(({ contenders }) => contenders))) await contender(id).load?.()

  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios) {
      if (round >= most(scenario)) continue
      for (const variant of scenario.variants) {
        for (const id of rotated(scenario.contenders, round)) {
          progress(`round ${round + 1} of ${rounds}: ${scenario.name} ${variant.label} ${id}`)
          try {
            const measured = await inTime(scenario.measure(contender(id), { ...variant, quick }))
            for (const [metric, value] of Object.entries(measured)) {
              const byContender = (((figures[scenario.name] ??= {})[variant.label] ??= {})[metric] ??= {})
              ;(byContender[id] ??= []).push(value)
            }
          } catch (error) {
            failures.push({ scenario: scenario.name, variant: variant.label, contender: id, round, error })
          }
        }
      }
      await scenario.afterRound?.()
    }
  }
  progress('')
  return { figures, failures }
}

module.exports = { runRounds }
