'use strict'

// The ways in which tasks are submitted. `input` makes a task's input, anew for each.

/** Runs `total` tasks, never more than `width` of them at a time; milliseconds. */
async function inFlight(pool, task, input, total, width = 64) {
  let submitted = 0
  const chain = async () => {
    while (submitted < total) {
      submitted++
      await pool.run(task, input())
    }
  }
  const chains = []
  const start = performance.now()
  for (let i = 0; i < width; i++) chains.push(chain())
  await Promise.all(chains)
  return performance.now() - start
}

/** Submits `total` tasks in one go and waits for all; milliseconds. */
async function atOnce(pool, task, input, total) {
  const promises = new Array(total).fill(undefined)
  const start = performance.now()
  for (let i = 0; i < total; i++) promises[i] = pool.run(task, input())
  await Promise.all(promises)
  return performance.now() - start
}

/** Runs `total` tasks one after the other; the milliseconds of each. */
async function oneByOne(pool, task, input, total) {
  const times = new Float64Array(total)
  for (let i = 0; i < total; i++) {
    const value = input()
    const start = performance.now()
    await pool.run(task, value)
    times[i] = performance.now() - start
  }
  return times
}

const perSecond = (tasks, milliseconds) => (tasks / milliseconds) * 1000

module.exports = { inFlight, atOnce, oneByOne, perSecond }
