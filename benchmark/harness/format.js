'use strict'

/** Figures as the tables print them. */

/** Three significant digits, thousands grouped. */
function digits(value) {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

const UNITS = {
  'tasks/s': (value) => `${digits(value / 1000)} k`,
  µs: digits,
  ms: digits,
  bytes: digits,
  MB: digits,
  '%': (value) => value.toFixed(2)
}

const figure = (value, unit) => UNITS[unit](value)

/** A factor. Below a hundredth or from a hundred on, its size is all that matters. */
function ratio(value) {
  if (!Number.isFinite(value)) return '–'
  if (value < 0.01) return '< 0.01 ×'
  return `${value >= 100 ? digits(value) : value.toFixed(2)} ×`
}

/** Rows of cells as lines; the first columns, which are words, to the left, the others to the right. */
function table(rows, words = 1) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const pad = (cell, column) => (column < words ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  return rows.map((row) => `  ${row.map(pad).join('   ')}`.trimEnd())
}

module.exports = { digits, figure, ratio, table }
