'use strict'

// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')

/** What takes some microseconds each is done for so many in a turn of the event loop. */
const BATCH = 1024

const turn = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Calls `act` for each of `items`, of which there may be a million: for the first batch at once, for the others in turns
 * of their own. Resolves when it is through.
 */
async function inBatches(items, act) {
  let done = 0
  for (const item of items) {
    if (done > 0 && done % BATCH === 0) await turn()
    act(item)
    done++
  }
}

module.exports = { BATCH, inBatches }
