'use strict'

const { stir } = require('./last-words.js')

/** Why the process must stay alive, besides unsettled tasks. */
const REASON = { WORKERS: 1, END: 2 }

/** In the place of a face that is gone: what is still to do is nobody's. */
const GONE = {}

// Keeps the process alive as long as somebody waits for something of the pool, and the pool's face, which the user may
// have let go of.
class Hold {
  #native
  #tasks
  #face
  #reasons = 0
  /** The face, while it is held. */
  #held = /** @type {object | undefined} */ (undefined)

  /**
   * @param {any} native the NativePool
   * @param {InstanceType<typeof import('./tasks.js').Tasks>} tasks
   * @param {WeakRef<object>} face
   */
  constructor(native, tasks, face) {
    this.#native = native
    this.#tasks = tasks
    this.#face = face
  }

  /** Whether the process is being kept alive. */
  get isHeld() {
    return this.#held !== undefined
  }

  /** A task has been submitted. */
  keep() {
    if (this.#held === undefined) this.review()
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
    if (needed === (this.#held !== undefined)) return
    if (needed) stir()
    this.#held = needed ? (this.#face.deref() ?? GONE) : undefined
    this.#native.hold(needed)
  }
}

module.exports = { REASON, Hold }
