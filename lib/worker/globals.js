'use strict'

const { setTimeout } = require('node:timers')

// Node makes many of its globals, and loads its modules, when they are first touched. A task that is cut off in the middle
// of that leaves half of one behind for those that come after, so they are made ahead of such tasks, or when there is time:
// all of them in a worker that is kept, else those that are quickly made.

/** Milliseconds after which a worker at rest has time for itself. */
const IDLE = 50

/** Takes long to load, and is seldom touched by what does not wait. */
const UNDICI = new Set(
  'fetch FormData Headers Request Response WebSocket MessageEvent CloseEvent EventSource'.split(' ')
)

/** Warn when they are loaded, or do something. Those that are still experimental have a colon in their names. */
const UNWANTED = /^_|:|^(?:cluster|domain|inspector|punycode|repl|sys|trace_events|wasi)/

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
      touch(() => globalThis[name])
    }
    if (!this.#isKept) return
    const { builtinModules } = require('node:module')
    for (const name of builtinModules) if (!UNWANTED.test(name)) touch(() => require(name))
    touch(() => [process.stdout, process.stderr])
  }

  /** The worker is at rest. */
  loadLater() {
    if (this.#areLoaded || this.#willLoad) return
    this.#willLoad = true
    setTimeout(() => this.load(), IDLE).unref()
  }
}

function touch(something) {
  try {
    something()
  } catch {
    /* not to be had here */
  }
}

module.exports = { Globals }
