'use strict'

const { stir } = require('./last-words.js')

/** Why the process must stay alive, besides unsettled tasks. */
const REASON = { WORKERS: 1, END: 2 }

// Keeps the process alive as long as somebody waits for something of the pool.
class Hold {
  #native
  #tasks
  #reasons = 0
  #held = false

  /** @param {any} native the NativePool  @param {InstanceType<typeof import('./tasks.js').Tasks>} tasks */
  constructor(native, tasks) {
    this.#native = native
    this.#tasks = tasks
  }

  /** Whether the process is being kept alive. */
  get isHeld() {
    return this.#held
  }

  /** A task has been submitted. */
  keep() {
    if (!this.#held) this.review()
  }

  /** Somebody begins, or ceases, to wait for something else. */
  need(reason, isNeeded) {
    if (isNeeded) this.#reasons |= reason
    else this.#reasons &= ~reason
    this.review()
  }

  /** Tasks may be over. Not to be asked for each: letting go and taking hold again are calls of the addon. */
  review() {
    const needed = this.#tasks.count > 0 || this.#reasons !== 0
    if (needed === this.#held) return
    if (needed) stir()
    this.#native.hold((this.#held = needed))
  }
}

module.exports = { REASON, Hold }
