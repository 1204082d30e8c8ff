'use strict'

// The threads of this process, where the system lists them.

const fs = require('node:fs')
const { TASKS } = require('./scripts.js')
const { delay, until } = require('./waiting.js')

const LIST = '/proc/self/task'

/** Whether they can be counted. */
const hasList = fs.existsSync(LIST)

/** How many there are; null where nobody says. */
const countThreads = () => (hasList ? fs.readdirSync(LIST).length : null)

/** How many there are once their number has been the same `times` times, five milliseconds apart. */
async function settledThreads(times = 20) {
  let seen = countThreads()
  let same = 0
  await until(async () => {
    await delay(4)
    const now = countThreads()
    same = now === seen ? same + 1 : 0
    seen = now
    return same >= times
  }, 'a number of threads that stays')
  return seen
}

/** A pool that came and went: what Node and the addon start once per process is there from then on. */
async function warmUp() {
  const { WorkerPool } = require('../..')
  const pool = new WorkerPool(TASKS, { maxWorkers: 1 })
  await Promise.all([pool.execute('echo'), pool.execute('native:noop')])
  await pool.close()
}

module.exports = { countThreads, hasList, settledThreads, warmUp }
