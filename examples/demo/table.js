'use strict'

const seconds = (value) => `${(value / 1000).toFixed(2)} s`
const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`

const COLUMNS = [
  ['', ({ title }) => title],
  ['time', ({ time }) => seconds(time)],
  ['speed-up', ({ time }, [reference]) => `${(reference.time / time).toFixed(2)} ×`],
  ['CPU time', ({ cpu }) => seconds(cpu)],
  ['loop delay: mean', ({ delay }) => ms(delay.mean)],
  ['p99', ({ delay }) => ms(delay.p99)],
  ['max', ({ delay }) => ms(delay.max)]
]

/** The races as lines of text; speed-ups are against the first of them. */
function table(races) {
  const rows = [
    COLUMNS.map(([heading]) => heading),
    ...races.map((one) => COLUMNS.map(([, cell]) => cell(one, races)))
  ]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  ')
  const [headings, ...body] = rows.map(line)
  return [headings, '─'.repeat(headings.length), ...body].join('\n')
}

module.exports = { table }
