'use strict'

// Threadmill against its peers: see README.md.

const fs = require('node:fs')
const path = require('node:path')
const { environment, environmentLine } = require('./harness/environment.js')
const { readOptions } = require('./harness/options.js')
const { raw, report } = require('./harness/report.js')
const { runRounds } = require('./harness/rounds.js')
const all = require('./scenarios/index.js')

/** One line on the terminal, overwritten by the next. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** A scenario with those of its variants that are asked for: all, unless they are values. */
function chosen(scenario, { values }) {
  if (values === undefined) return scenario
  const isAsked = ({ group, label }) =>
    group === undefined || values.some((word) => group === word || label.includes(word))
  return { ...scenario, variants: scenario.variants.filter(isAsked) }
}

async function main() {
  const options = readOptions(all.map(({ name }) => name))
  const scenarios = all.filter(({ name }) => options.only.includes(name)).map((each) => chosen(each, options))
  const where = environment()
  const start = performance.now()
  const { figures, failures } = await runRounds(scenarios, options, progress)
  const seconds = Math.round((performance.now() - start) / 1000)

  console.log(environmentLine(where))
  console.log(
    `Medians of ${options.rounds} interleaved rounds${options.quick ? ', quick: fewer tasks than the tables say' : ''}; ${seconds} s; * is the best peer`
  )
  console.log(report(scenarios, figures))
  for (const { scenario, variant, contender, round, error } of failures) {
    console.error(`\nfailed: ${scenario} ${variant} ${contender}, round ${round + 1}:`, error)
    process.exitCode = 1
  }
  if (options.json !== undefined) {
    const failed = failures.map((failure) => ({ ...failure, error: String(failure.error) }))
    const everything = {
      environment: where,
      options,
      seconds,
      scenarios: raw(scenarios, figures),
      failures: failed
    }
    fs.mkdirSync(path.dirname(options.json), { recursive: true })
    fs.writeFileSync(options.json, JSON.stringify(everything, null, 2) + '\n')
  }
}

main()
