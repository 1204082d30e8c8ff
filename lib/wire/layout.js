'use strict'

// Every number that Rust knows, too: src/binding/layout.rs holds the same, and __test__/layout.test.js compares them.

// ---- calls: what stands ahead of a message in the memory that is written before a call

/** Words for the arguments of the call. */
const CALL = 16

/** Where they are: words, and float64s by their own index. */
const ARGUMENT = {
  SLOT: 0,
  LABEL: 1,
  /** Of a worker that hands in, in the place of the label. */
  RUN: 1,
  FLAGS: 2,
  LENGTH: 3,
  PRIORITY: 2, // float64s from here on, but for RETRIES and PARTS
  TIMEOUT: 3,
  QUEUE_TIMEOUT: 4,
  RETRIES: 10,
  /** Large buffers of the message; of every call. Written with the message. */
  PARTS: 11,
  FACTOR: 6,
  LONGEST_DELAY: 7
}

/** Flags of a submission. */
const SUBMIT = { NEEDS_DELIVERY: 1, STOPPABLE: 2, LIMITS: 4, ASK: 8, JITTER: 16, ADMITTED: 32 }

/**
 * What a submission answers: a refusal, if it is negative; else whom to start or to deliver to, shifted, and whether it
 * is to be delivered, and whether the queue is full now.
 */
const ANSWER = {
  CLOSING: -1,
  TERMINATED: -2,
  NO_THREAD: -3,
  FULL: -4,
  BROKEN: -5,
  NO_MEMORY: -6,
  DELIVER: 1,
  IS_FULL: 2,
  WORKER_SHIFT: 2
}

/** What `cancel` answers: no record of the task will come; one will when it has stopped; one is on its way. */
const CANCEL = { OUT: 0, STOPPING: 1, OVER: 2 }

/** How the bytes of an attachment reach a native thread. */
const ATTACH = { COPY: 0, PIN: 1, SHARE: 2, BORROW: 3 }

// ---- records: what the owner drains

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
  CARGO_DROPPED: 23,
  VALUE: 24,
  BROKEN: 25
}

/** Who is to be started, in the place of the slot of HIRE. */
const KIND = { JAVASCRIPT: 0, NATIVE: 1 }

/** The flag of a record that asks whether its task is to be tried again. */
const UNDECIDED = 1

// ---- a worker's turn

/** What a worker's `next` says in the first word when there is no task. END: the pool was terminated. */
const TURN = { IDLE: 0, RUN: 1, STOP: 2, GROW: 3, END: 4 }

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

/** How a call that may be stopped ended: it returned, it was terminated, or it did not begin. */
const CALLED = { RETURNED: 0, TERMINATED: 1, NOT_BEGUN: 2 }

/** Milliseconds that a task which listens has to answer when it is told to stop. */
const GRACE = 10

module.exports = {
  CALL,
  ARGUMENT,
  SUBMIT,
  ANSWER,
  CANCEL,
  ATTACH,
  HEAD,
  RECORD,
  UNDECIDED,
  TURN,
  PREFIX,
  RUN,
  TASK,
  ENDING,
  CALLED,
  KIND,
  GRACE
}
