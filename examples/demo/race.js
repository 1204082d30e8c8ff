'use strict'

const { monitorEventLoopDelay } = require('node:perf_hooks')
const { setTimeout: sleep } = require('node:timers/promises')
const { progress } = require('./progress.js')

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 1

/** Time for the monitor to look before the first job and after the last one. */
const SETTLE = 20

/**
 * Runs all tasks on one contender: results, and in milliseconds the time, the CPU time of all threads, and
 * how long the event loop was late.
 */
async function race(contender, tasks) {
  const bar = progress(contender.title, tasks.length)
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  await sleep(SETTLE)

  const start = performance.now() // starting the threads is part of it
  const used = process.cpuUsage()
  const runner = contender.open()
  const results = await runAll(runner, tasks, contender.inFlight, bar)
  const time = performance.now() - start
  const { user, system } = process.cpuUsage(used)

  await sleep(SETTLE)
  delay.disable()
  bar.end()
  await runner.close()
  const { mean, max } = delay
  return {
    title: contender.title,
    results,
    time,
    cpu: (user + system) / 1000,
    delay: late({ mean, p99: delay.percentile(99), max })
  }
}

/** Keeps `inFlight` tasks with the runner, as a process would that serves others meanwhile. */
async function runAll(runner, tasks, inFlight, bar) {
  const results = new Array(tasks.length)
  let next = 0
  const lane = async () => {
    while (next < tasks.length) {
      const at = next++
      const { task, file } = tasks[at]
      results[at] = await runner.run(task, file)
      bar.step()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return results
}

/** The monitor counts from look to look, in nanoseconds; what is above the resolution is delay. */
const late = (delays) =>
  Object.fromEntries(
    Object.entries(delays).map(([name, value]) => [name, Math.max(0, value / 1e6 - RESOLUTION)])
  )

module.exports = { race }
