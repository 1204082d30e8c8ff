'use strict'

/** What a task's submitter keeps until the task is over, beyond its promise. One shape for all. */
class Kept {
  /** SharedArrayBuffers of its input. @type {SharedArrayBuffer[] | undefined} */
  used = undefined
  /** What is sent over a worker's port. */
  input = undefined
  /** @type {any[]} */
  transfer = []
  /** Whether the input has to last for another try. */
  again = false
  /** The memory that a native thread reads. @type {Uint8Array[]} */
  attachments = []
  /** What a native task gives back when it gives back an attachment. @type {any[]} */
  returns = []
  /** Its own options, if it came with any. @type {ReturnType<typeof import('./options.js').executeOptions> | undefined} */
  options = undefined
  /** Attempts that have failed and were asked about. */
  failures = 0
  /** Whether the answer is awaited. */
  isAsked = false
  /** @type {InstanceType<typeof import('./signals.js').Signals> | undefined} */
  signals = undefined

  unwatch(slot) {
    if (this.signals === undefined) return
    this.signals.forget(this.options?.signal, slot)
    this.signals = undefined
  }
}

module.exports = { Kept }
