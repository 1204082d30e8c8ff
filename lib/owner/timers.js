'use strict'

/** Milliseconds; a timer set for longer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

module.exports = { LONGEST_TIMER }
