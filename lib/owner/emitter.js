'use strict'

const { EventEmitter } = require('node:events')

// An EventEmitter that tells when its listeners have changed. The events 'newListener' and 'removeListener' tell that,
// too, but to listeners that would be among the user's, and gone after removeAllListeners().
class Emitter extends EventEmitter {
  #changed

  /** @param {() => void} changed called when it may be that somebody listens, or no longer */
  constructor(changed) {
    super()
    this.#changed = changed
  }

  on(event, listener) {
    super.on(event, listener)
    this.#changed()
    return this
  }

  addListener(event, listener) {
    return this.on(event, listener)
  }

  prependListener(event, listener) {
    super.prependListener(event, listener)
    this.#changed()
    return this
  }

  removeListener(event, listener) {
    super.removeListener(event, listener)
    this.#changed()
    return this
  }

  off(event, listener) {
    return this.removeListener(event, listener)
  }

  removeAllListeners(...events) {
    super.removeAllListeners(...events)
    this.#changed()
    return this
  }
}

module.exports = { Emitter }
