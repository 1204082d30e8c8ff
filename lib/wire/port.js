'use strict'

// What the owner and a worker tell each other without Rust.

/** Kinds of messages on a worker's port: an input or result, a SharedArrayBuffer with its number, numbers to be forgotten. */
const PORT = { CARGO: 0, SHARED: 1, FORGET: 2 }

/** What a worker exits with that was cut off where it cannot go on. */
const CUT_OFF = 113

module.exports = { PORT, CUT_OFF }
