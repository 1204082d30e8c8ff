'use strict'

// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')

// Tells who listens to a pool, in a turn of their own: what they throw is theirs.
class News {
  #emitter

  /** @param {import('node:events').EventEmitter} emitter */
  constructor(emitter) {
    this.#emitter = emitter
  }

  say(event, news = undefined) {
    if (this.#emitter.listenerCount(event) > 0) setImmediate(() => this.sayNow(event, news))
  }

  sayNow(event, news) {
    if (this.#emitter.listenerCount(event) === 0) return // an 'error' that nobody hears would be thrown
    if (news === undefined) this.#emitter.emit(event)
    else this.#emitter.emit(event, news)
  }
}

module.exports = { News }
