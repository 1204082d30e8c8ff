'use strict'

// Memory while tasks come and go: node --expose-gc rounds.js <contender> <rounds> <tasks a round>

const { contender } = require('../contenders/index.js')
const { atOnce } = require('../harness/load.js')
const { answer } = require('./answer.js')

async function main(id, rounds, tasks) {
  const library = contender(id)
  await library.load?.()
  const pool = library.create({ workers: 1 })
  const resident = []
  for (let round = 0; round < rounds; round++) {
    await atOnce(pool, 'echo', () => 1, tasks)
    global.gc()
    resident.push(process.memoryUsage.rss())
  }
  await pool.destroy()
  answer({ resident })
}

const [id, ...numbers] = process.argv.slice(2)
main(id, ...numbers.map(Number))
