'use strict'

const v8 = require('node:v8')
const vm = require('node:vm')
const { inFlight } = require('./load.js')

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

const LEAST_WARM_UP = 150 // ms; a worker needs some tens of them to start

/** Runs the task until all workers are up and the code on both sides is compiled. */
async function warmUp(pool, task, input, tasks) {
  const start = performance.now()
  for (let done = 0; done < tasks || performance.now() - start < LEAST_WARM_UP; done += tasks / 8)
    await inFlight(pool, task, input, tasks / 8)
}

/** A pool that has been warmed up with a task, if one is given. Starts without the garbage of whoever came before. */
async function openPool(contender, { workers, task, input, warmUpTasks = 2000 }) {
  collectGarbage()
  const pool = contender.create({ workers })
  try {
    if (task !== undefined) await warmUp(pool, task, input, warmUpTasks)
    return pool
  } catch (error) {
    await pool.destroy()
    throw error
  }
}

/**
 * What `body` measures on a pool of its own: opened before, destroyed after.
 */
async function withPool(contender, settings, body) {
  const pool = await openPool(contender, settings)
  try {
    return await body(pool)
  } finally {
    await pool.destroy()
  }
}

module.exports = { openPool, withPool, collectGarbage }
