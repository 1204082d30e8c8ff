'use strict'

const { median } = require('../harness/statistics.js')

// How a value is carried for a while. A chain is one task after the other; as many run beside each other as are to be in
// flight.

/** What a chain does again and again, and the value that it carries. */
function chainOf(pool, { route, name }, values) {
  let turn = 0
  const next = () => values[turn++ % values.length]
  switch (route) {
    case 'there':
      return () => pool.run('take', next())
    case 'back':
      return () => pool.run('give', name)
    case 'moved': {
      let buffer = next().slice(0)
      return async () => {
        buffer = await pool.run('echoMoved', buffer, [buffer])
        return buffer
      }
    }
    default:
      return () => pool.run('echo', next())
  }
}

/** For so many milliseconds: how many tasks were done, and how many milliseconds that took. */
async function forSoLong(pool, cell, values, duration) {
  let tasks = 0
  const start = performance.now()
  const run = async () => {
    const carry = chainOf(pool, cell, values)
    do {
      await carry()
      tasks++
    } while (performance.now() - start < duration)
  }
  await Promise.all(Array.from({ length: cell.inFlight }, run))
  return { tasks, milliseconds: performance.now() - start }
}

/** The median of the milliseconds that one takes, one after the other. */
async function oneAtATime(pool, cell, values, { duration, leastTrips }) {
  const carry = chainOf(pool, cell, values)
  const times = []
  const start = performance.now()
  do {
    const before = performance.now()
    await carry()
    times.push(performance.now() - before)
  } while (times.length < leastTrips || performance.now() - start < duration)
  return median(times)
}

module.exports = { chainOf, forSoLong, oneAtATime }
