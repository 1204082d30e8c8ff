'use strict'

const { define } = require('../property.js')
const { warningsOf } = require('./health.js')

/**
 * Rust's figures as users see them: names for numbers, objects for pairs.
 * @param {string} name of the pool
 * @param {any} stats
 * @param {(kind: string, label: number) => string} nameOf
 */
function describeStats(name, stats, nameOf) {
  const byPriority = {}
  for (const [priority, length] of stats.queue.byPriority) byPriority[priority] = length
  const perTask = {}
  for (const { kind, label, completed, failed, mean, max } of stats.perTask) {
    const name = nameOf(kind, label)
    const known = Object.hasOwn(perTask, name) ? perTask[name] : undefined
    if (known === undefined) {
      // Not assigned: a task may be called '__proto__'.
      define(perTask, name, { kind, completed, failed, runTime: { mean, max } })
      continue
    }
    // Two functions of one name count as one task.
    const [before, now] = [known.completed + known.failed, completed + failed]
    known.runTime.mean = (known.runTime.mean * before + mean * now) / (before + now)
    known.runTime.max = Math.max(known.runTime.max, max)
    known.completed += completed
    known.failed += failed
  }
  const { running: _, ...figures } = stats
  return { name, ...figures, queue: { ...stats.queue, byPriority }, perTask }
}

// The figures of one pool.
class Figures {
  #native
  #name
  #nameOf

  /**
   * @param {any} native the NativePool
   * @param {string} name the pool's
   * @param {InstanceType<typeof import('./names.js').Names>} names
   */
  constructor(native, name, names) {
    this.#native = native
    this.#name = name
    this.#nameOf = (kind, label) => names.nameOf(kind, label)
  }

  /** All of them, as they are now. */
  stats() {
    return this.#describe(JSON.parse(this.#native.stats()))
  }

  /** The same, and what is wrong with the pool, if anything. */
  health(deaths) {
    const figures = JSON.parse(this.#native.stats())
    const warnings = warningsOf(figures, deaths, Date.now(), this.#nameOf)
    return { status: warnings.length > 0 ? 'warning' : 'ok', warnings, stats: this.#describe(figures) }
  }

  #describe(figures) {
    return describeStats(this.#name, figures, this.#nameOf)
  }
}

module.exports = { Figures }
