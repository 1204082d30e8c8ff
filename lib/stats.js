'use strict'

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
      // Defined, not assigned: a task may be called '__proto__'.
      Object.defineProperty(perTask, name, {
        value: { kind, completed, failed, runTime: { mean, max } },
        enumerable: true,
        writable: true,
        configurable: true
      })
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

module.exports = { describeStats }
