'use strict'

// Waiting, always with a deadline, and with a sentence that names what did not come. Needs no jest: programs in
// processes of their own and tasks in workers use it, too.

const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises')

/** Milliseconds. Nothing that is waited for takes a second; what takes this long hangs. */
const PATIENCE = 6000

const lateness = (what, milliseconds = PATIENCE) =>
  new Error(`${what} did not come within ${milliseconds} ms`)

/** `promise`, or a rejection that names what did not happen. */
function within(promise, what, milliseconds = PATIENCE) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(lateness(what, milliseconds)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Resolves once `condition` holds. */
async function until(condition, what) {
  const deadline = performance.now() + PATIENCE
  while (!(await condition())) {
    if (performance.now() > deadline) throw lateness(what)
    await delay(1)
  }
}

/** Blocks this thread until `condition` holds. */
function untilSync(condition, what) {
  const deadline = performance.now() + PATIENCE
  while (!condition()) {
    if (performance.now() > deadline) throw lateness(what)
    blockFor(1)
  }
  return true
}

/** Blocks this thread until `view[index]` is at least `least`, which whoever changes it notifies of. */
function waitSync(view, index, least, what = `${least} at index ${index} of the view`) {
  const deadline = performance.now() + PATIENCE
  for (let seen; (seen = Atomics.load(view, index)) < least; ) {
    const left = deadline - performance.now()
    if (left <= 0 || Atomics.wait(view, index, seen, left) === 'timed-out') throw lateness(what)
  }
  return true
}

/** Blocks this thread for so many milliseconds, without using the processor. */
function blockFor(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/** Keeps the processor for so many milliseconds of the monotonic clock. */
function workFor(milliseconds) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** Whether a promise has settled by the time that the event loop has turned a few times. */
async function isSettled(promise) {
  let settled = false
  const note = () => (settled = true)
  promise.then(note, note)
  for (let n = 0; n < 5; n++) await turn()
  return settled
}

module.exports = { PATIENCE, blockFor, delay, isSettled, turn, until, untilSync, waitSync, within, workFor }
