'use strict'

const { encoded, letGo } = require('../wire/encode.js')
const { ARGUMENT, ENDING } = require('../wire/layout.js')
const { Task } = require('./task.js')

/** In the place of a task that was handed in: an idle worker keeps nothing of it. */
const NOBODY = new Task(0, 0, false, /** @type {any} */ (undefined))

// How the last task ended, until the next call of the addon, which hands that in: its message is in `encoded` meanwhile.
class HandingIn {
  #endpoint
  #outbound = encoded.bytes
  #ending = ENDING.NONE
  #task = NOBODY

  /** @param {any} endpoint the WorkerEndpoint, which has been given `encoded.bytes` */
  constructor(endpoint) {
    this.#endpoint = endpoint
  }

  /** A task has ended. */
  ended(task, ending) {
    this.#task = task
    this.#ending = ending
  }

  get isDue() {
    return this.#ending !== ENDING.NONE
  }

  /** Whether code of the task that ended was cut off. */
  get wasStopped() {
    return this.#ending === ENDING.STOPPED
  }

  /** Hands it in, if it is due, through `call`: the addon's `next` or `finish`. */
  through(call, more) {
    if (encoded.bytes !== this.#outbound) this.#agree()
    const ending = this.#ending
    const words = encoded.int32
    words[ARGUMENT.FLAGS] = ending | more
    words[ARGUMENT.SLOT] = this.#task.slot
    words[ARGUMENT.RUN] = this.#task.run
    words[ARGUMENT.LENGTH] = encoded.byteLength
    const hasText = ending !== ENDING.NONE && (ending & ~ENDING.REFUSED) <= ENDING.REJECTED
    this.#ending = ENDING.NONE
    this.#task = NOBODY
    const answer = call(hasText ? encoded.text : '')
    if (letGo()) this.#agree()
    return answer
  }

  /** Rust has to read what is written. */
  #agree() {
    this.#outbound = encoded.bytes
    this.#endpoint.useOutbound(this.#outbound)
  }
}

module.exports = { HandingIn }
