'use strict'

const { cells, valuesOf } = require('./values.js')

const made = new Map()

/** The value of that name, made once on each thread: what a worker has to send back. */
function give(name) {
  let value = made.get(name)
  if (value === undefined) {
    value = valuesOf(cells.find((cell) => cell.name === name))[0]
    made.set(name, value)
  }
  return value
}

module.exports = { give }
