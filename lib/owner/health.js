'use strict'

// Held from the start: test runners replace the globals.
const { clearInterval, setInterval } = require('node:timers')
const { LONGEST_TIMER } = require('./timers.js')

/** Milliseconds that a task may wait before the queue counts as backed up. */
const LONG_WAIT = 1_000
/** So many times its kind's mean is far beyond the usual, if that is also this many milliseconds more. */
const FAR_BEYOND = 10
const LEAST_EXCESS = 1_000
/** Runs after which a kind's mean says something. */
const ENOUGH_RUNS = 5
/** A worker's death is remembered for so many milliseconds, and so many of them are too many. */
const MEMORY = 60_000
const MANY_DEATHS = 3

/**
 * What is wrong with a pool, if anything.
 * @param {any} figures the scheduler's snapshot
 * @param {number[]} deaths when workers died
 * @param {number} now
 * @param {(kind: string, label: number) => string} nameOf
 */
function warningsOf(figures, deaths, now, nameOf) {
  /** @type {import('../../index.js').HealthWarning[]} */
  const warnings = []
  const { length, held, oldestAge } = figures.queue
  if (oldestAge > LONG_WAIT) {
    const message = `${length + held} tasks wait, the oldest for ${Math.round(oldestAge)} ms; the pool is too small for its load, or something holds it up`
    warnings.push({ kind: 'queue', message, length: length + held, oldestAge })
  }
  for (const { kind, label, executor, runningFor, usual, runs } of figures.running) {
    const isFarBeyond = runningFor > FAR_BEYOND * usual && runningFor - usual > LEAST_EXCESS
    if (runs < ENOUGH_RUNS || !isFarBeyond) continue
    const task = nameOf(kind, label)
    const message = `The task '${task}' has been running for ${Math.round(runningFor)} ms, although it usually takes ${usual.toPrecision(2)} ms; a 'timeout' would stop it`
    warnings.push({ kind: 'task', message, task, worker: executor, runningFor, usual })
  }
  const recent = deaths.filter((at) => now - at <= MEMORY).length
  if (recent >= MANY_DEATHS) {
    const message = `${recent} workers have died within a minute; listen to 'workerExit' for the reasons`
    warnings.push({ kind: 'worker', message, deaths: recent })
  }
  return warnings
}

// Reports on a pool while somebody listens.
class Health {
  #interval
  #scope
  #report
  /** @type {NodeJS.Timeout | undefined} */
  #timer = undefined

  /**
   * @param {number} interval milliseconds
   * @param {import('node:async_hooks').AsyncResource} scope the pool's, as whoever listens first may be gone soon
   * @param {() => void} report
   */
  constructor(interval, scope, report) {
    this.#scope = scope
    this.#interval = Math.min(interval, LONGEST_TIMER)
    this.#report = report
  }

  watch() {
    this.#timer ??= this.#scope.runInAsyncScope(setInterval, undefined, this.#report, this.#interval).unref()
  }

  rest() {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

module.exports = { Health, warningsOf }
