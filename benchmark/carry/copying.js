'use strict'

const { median } = require('../harness/statistics.js')

const REPETITIONS = 9
const LEAST_BYTES = 1 << 22

/** @type {Map<number, number>} */
const known = new Map()

/** Bytes a second that one thread copies, into memory that is there, so many at a time: the floor of whatever copies. */
function copying(length) {
  let speed = known.get(length)
  if (speed === undefined) known.set(length, (speed = measure(length)))
  return speed
}

function measure(length) {
  const from = Buffer.alloc(length, 1)
  const to = Buffer.alloc(length, 2)
  const copies = Math.ceil(LEAST_BYTES / length)
  const times = []
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const start = performance.now()
    for (let i = 0; i < copies; i++) from.copy(to)
    times.push(performance.now() - start)
  }
  return (copies * length * 1000) / median(times)
}

module.exports = { copying }
