'use strict'

const { setTimeout } = require('node:timers')

// Node loads many of its globals when they are first touched. A task that is stopped in the middle of that leaves half
// of one behind for those that come after, so they are loaded ahead of such tasks, or when there is time.

/** Milliseconds after which a worker at rest has time for itself. */
const IDLE = 50

/** Takes long to load, and is seldom touched by what does not wait. */
const UNDICI = new Set(
  'fetch FormData Headers Request Response WebSocket MessageEvent CloseEvent EventSource'.split(' ')
)

class Globals {
  #isKept
  #areLoaded = false
  #willLoad = false

  /** @param {boolean} isKept whether a worker that was stopped goes on, so that not even UNDICI may be halved */
  constructor(isKept) {
    this.#isKept = isKept
  }

  load() {
    if (this.#areLoaded) return
    this.#areLoaded = true
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      if (/storage/i.test(name)) continue // warns that it is experimental
      if (UNDICI.has(name) && !this.#isKept) continue
      try {
        globalThis[name]
      } catch {
        /* not to be had here */
      }
    }
  }

  /** The worker is at rest. */
  loadLater() {
    if (this.#areLoaded || this.#willLoad) return
    this.#willLoad = true
    setTimeout(() => this.load(), IDLE).unref()
  }
}

module.exports = { Globals }
