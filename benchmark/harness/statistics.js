'use strict'

/** Order statistics of numbers, which need not be sorted. */

const ascending = (values) => Float64Array.from(values).sort()

/** The value below which the share `q` of all values lies. */
function quantile(values, q) {
  const sorted = ascending(values)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}

function median(values) {
  const sorted = ascending(values)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The slope of the line that fits the values best, per step from one to the next. */
function slope(values) {
  const middle = (values.length - 1) / 2
  let above = 0
  let below = 0
  for (const [index, value] of values.entries()) {
    above += (index - middle) * value
    below += (index - middle) ** 2
  }
  return above / below
}

module.exports = { median, quantile, slope }
