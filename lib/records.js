'use strict'

// The layout of what crosses in batches; src/payload/records.rs and src/binding/{notes,worker}.rs hold the same numbers.

/** Words of a record before its body: kind, slot, number, words of the body, characters, flags. */
const HEAD = 6

/** Kinds of records that the owner drains. */
const RECORD = {
  END: 0,
  MORE: 1,
  GROW: 2,
  FULFILLED: 3,
  REJECTED: 4,
  CARGO_FULFILLED: 5,
  CARGO_REJECTED: 6,
  NOTHING: 7,
  TEXT: 8,
  BYTES: 9,
  LARGE_BYTES: 10,
  ATTACHMENT: 11,
  FAILURE: 12,
  PANIC: 13,
  WORKER_GONE: 14,
  DELIVER: 15,
  ENDED: 16
}

/** What a worker's `next` says in the first word when there is no task. */
const TURN = { IDLE: 0, STOP: 2, GROW: 3 }

/** Words before a task's record: priority and number, both doubles. */
const PREFIX = 4

/** How a task ended, as a worker hands it in. */
const ENDING = { NONE: 0, FULFILLED: 1, REJECTED: 2, CARGO_FULFILLED: 3, CARGO_REJECTED: 4 }

/** Kinds of messages on a worker's port. */
const PORT = { CARGO: 0, SHARED: 1, FORGET: 2 }

/** Larger memory is not kept. */
const KEPT_WORDS = 1 << 18

/** Memory that Rust writes records into, seen in three ways. */
class Inbound {
  constructor(words = 1 << 14) {
    this.int32 = new Int32Array(words + (words & 1))
    this.float64 = new Float64Array(this.int32.buffer)
    this.uint8 = new Uint8Array(this.int32.buffer)
  }

  /** Whether one record has made it so large that it should be given up for a new one. */
  get isLarge() {
    return this.int32.length > KEPT_WORDS
  }
}

module.exports = { KEPT_WORDS, HEAD, RECORD, TURN, PREFIX, ENDING, PORT, Inbound }
