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
  ENDED: 16,
  TIMED_OUT: 17,
  QUEUE_TIMED_OUT: 18,
  CANCELLED: 19,
  HIRE: 20,
  KILL: 21,
  DRAINED: 22,
  CARGO_DROPPED: 23
}

/** The flag of a record that asks whether its task is to be tried again. */
const UNDECIDED = 1

/** Flags of a submission. */
const SUBMIT = { NEEDS_DELIVERY: 1, STOPPABLE: 2, LIMITS: 4, ASK: 8, JITTER: 16 }

/** What `cancel` answers: no record of the task will come; one will when it has stopped; one is on its way. */
const CANCEL = { OUT: 0, STOPPING: 1, OVER: 2 }

/** What a worker's `next` says in the first word when there is no task. */
const TURN = { IDLE: 0, STOP: 2, GROW: 3 }

/** Words before a task's record: priority and number, both doubles, the run, and one unused. */
const PREFIX = 6
const RUN = 4

/** Flags of a task's record, below its attempt. */
const TASK = { DELIVERED: 1, STOPPABLE: 2, ATTEMPT_SHIFT: 2 }

/** How a task ended, as a worker hands it in, and what is added to that. */
const ENDING = {
  NONE: 0,
  FULFILLED: 1,
  REJECTED: 2,
  CARGO_FULFILLED: 3,
  CARGO_REJECTED: 4,
  /** It was cut off, or left behind. */
  STOPPED: 5,
  /** It was told to stop and answered; nobody wants to know what. */
  UNWANTED: 6,
  /** It would reject each time. */
  REFUSED: 8,
  /** The worker will be back by itself. */
  RETURNS: 16
}

/** What a worker exits with that was cut off where it cannot go on. */
const CUT_OFF = 113

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

module.exports = {
  KEPT_WORDS,
  HEAD,
  RECORD,
  UNDECIDED,
  SUBMIT,
  CANCEL,
  TURN,
  PREFIX,
  RUN,
  TASK,
  ENDING,
  CUT_OFF,
  PORT,
  Inbound
}
