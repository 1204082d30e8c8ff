'use strict'

// From loading the library to the first result of a process: node start.js <contender> <task>

const { contender } = require('../contenders/index.js')
const { answer } = require('./answer.js')

async function main(id, task) {
  const begin = performance.now()
  const library = contender(id)
  await library.load?.()
  const loaded = performance.now()

  const start = performance.now()
  const pool = library.create()
  const constructed = performance.now()
  await pool.run(task, task === 'native:noop' ? undefined : { a: 1 })
  const finished = performance.now()

  const again = performance.now()
  const second = library.create()
  const constructedAgain = performance.now() - again

  await Promise.all([pool.destroy(), second.destroy()])
  answer({
    load: loaded - begin,
    construction: constructed - start,
    constructionAgain: constructedAgain,
    first: finished - start,
    whole: finished - begin
  })
}

main(...process.argv.slice(2))
