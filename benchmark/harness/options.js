'use strict'

const { parseArgs } = require('node:util')

const USAGE = `node benchmark/index.js [options]

  --rounds N        measure everything N times, interleaved (default 5)
  --only SCENARIO   only this scenario; may be given several times
  --values WORDS    of the scenario carry, only the values that have one of these words in their group or
                    name; may be given several times
  --quick           2 rounds of fewer tasks: shows that everything runs, measures little
  --json FILE       write every single figure to FILE
  --help            this text

Scenarios: `

/** The command line, checked; prints what is wrong and ends the process. */
function readOptions(names) {
  const usage = USAGE + names.join(', ')
  const fail = (sentence) => {
    console.error(`${sentence}\n\n${usage}`)
    process.exit(2)
  }
  let given
  try {
    given = parseArgs({
      options: {
        rounds: { type: 'string' },
        only: { type: 'string', multiple: true },
        values: { type: 'string', multiple: true },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false }
      }
    }).values
  } catch (error) {
    fail(error.message)
  }
  if (given.help) {
    console.log(usage)
    process.exit(0)
  }
  const rounds = Number(given.rounds ?? (given.quick ? 2 : 5))
  if (!Number.isInteger(rounds) || rounds < 1)
    fail(`--rounds takes a whole number from 1, not ${given.rounds}`)
  const only = given.only?.flatMap((list) => list.split(',')) ?? names
  for (const name of only) if (!names.includes(name)) fail(`There is no scenario '${name}'`)
  const values = given.values?.flatMap((list) => list.split(','))
  return { rounds, only, values, quick: given.quick, json: given.json }
}

module.exports = { readOptions }
