'use strict'

// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')

// Tells who listens to a pool, in a turn of their own: what they throw is theirs; and in the asynchronous context in which
// the pool was made, not in that of whoever happened to submit a task.
class News {
  #emitter
  #scope

  /**
   * @param {WeakRef<import('node:events').EventEmitter>} emitter nobody listens to one that is gone
   * @param {import('node:async_hooks').AsyncResource} scope the pool's
   */
  constructor(emitter, scope) {
    this.#emitter = emitter
    this.#scope = scope
  }

  say(event, news = undefined) {
    const emitter = this.#emitter.deref()
    if (emitter !== undefined && emitter.listenerCount(event) > 0)
      setImmediate(() => this.#tell(emitter, event, news))
  }

  sayNow(event, news) {
    const emitter = this.#emitter.deref()
    if (emitter !== undefined) this.#tell(emitter, event, news)
  }

  #tell(emitter, event, news) {
    if (emitter.listenerCount(event) === 0) return // an 'error' that nobody hears would be thrown
    const words = news === undefined ? [] : [news]
    this.#scope.runInAsyncScope(() => void emitter.emit(event, ...words))
  }
}

module.exports = { News }
