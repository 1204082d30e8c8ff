'use strict'

// What the owner and a worker tell each other without Rust.

/** Kinds of messages on a worker's port: an input or result, a SharedArrayBuffer with its number, numbers to be forgotten. */
const PORT = { CARGO: 0, SHARED: 1, FORGET: 2 }

/**
 * What a worker says of itself, as `[kind, content]`: that it is up with its script; or without it, and why; that it is
 * about to end, in one of the ways of LEAVING; why it could not be torn down; that what it has printed is all on its way.
 * Errors are described as those of tasks.
 */
const NEWS = { UP: 0, BROKEN: 1, LEAVES: 2, FAILED: 3, SAID: 4 }

/**
 * What its owner says to it there: that it is to say what it has printed, as nobody will hear it later; why a run is
 * going to be told to stop, which is an error described, or another value.
 */
const ORDER = { SAY: 0, WHY: 1 }

/**
 * What the end of a worker waits for: its script's `teardown`, or handlers of 'exit', as it says; or that its event loop
 * turns, so that it can say so.
 */
const LEAVING = { TEARDOWN: 1, EXIT: 2, TURN: 3 }

/** What a worker exits with that was cut off where it cannot go on. */
const CUT_OFF = 113

module.exports = { PORT, NEWS, ORDER, LEAVING, CUT_OFF }
