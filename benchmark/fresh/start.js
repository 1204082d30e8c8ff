'use strict'

// From the first construction in a process to the first result: node start.js <contender> <task>

const { contender } = require('../contenders/index.js')
const { answer } = require('./answer.js')

async function main(id, task) {
  const library = contender(id)
  await library.load?.()

  const start = performance.now()
  const pool = library.create()
  const constructed = performance.now()
  await pool.run(task, task === 'native:noop' ? undefined : { a: 1 })
  const finished = performance.now()

  const again = performance.now()
  const second = library.create()
  const constructedAgain = performance.now() - again

  await Promise.all([pool.destroy(), second.destroy()])
  answer({ construction: constructed - start, constructionAgain: constructedAgain, first: finished - start })
}

main(...process.argv.slice(2))
