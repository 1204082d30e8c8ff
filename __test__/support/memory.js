'use strict'

// Shared memory in which tests and tasks tell each other how far they are.

/** So many numbers, all 0, that tests and tasks share. */
const makeView = (length = 4) => new Int32Array(new SharedArrayBuffer(4 * length))

/** Adds 1 at `index`, and wakes who waits for that. */
function raise(view, index) {
  Atomics.add(view, index, 1)
  Atomics.notify(view, index)
}

/** Memory in which tasks note in which order they ran, up to `size` times. */
const makeLog = (size = 1024) => makeView(size + 1)

/** Appends a number to a log. */
function append(log, number) {
  log[1 + Atomics.add(log, 0, 1)] = number
  Atomics.notify(log, 0)
}

const readLog = (log) => [...log.subarray(1, 1 + Atomics.load(log, 0))]

module.exports = { append, makeLog, makeView, raise, readLog }
