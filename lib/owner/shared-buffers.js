'use strict'

const { PORT } = require('../wire/port.js')

// SharedArrayBuffers by number. Every worker is sent each of them once, ahead of the first task that uses
// it, so that a task which any worker may take can name it by number and needs no delivery.
class SharedBuffers {
  /** @param {(message: any[]) => void} broadcast sends a message to every worker */
  constructor(broadcast) {
    this.broadcast = broadcast
    this.numbers = new WeakMap()
    /** @type {Map<number, WeakRef<SharedArrayBuffer>>} */
    this.buffers = new Map()
    this.next = 0
    this.registry = new FinalizationRegistry((/** @type {number} */ number) => {
      this.buffers.delete(number)
      this.broadcast([PORT.FORGET, number])
    })
    /** Those of the message that is being encoded: whoever sends it keeps them until it is over. */
    this.used = []
    this.share = (buffer) => {
      let number = this.numbers.get(buffer)
      if (number === undefined) {
        number = this.next++
        this.numbers.set(buffer, number)
        this.buffers.set(number, new WeakRef(buffer))
        this.registry.register(buffer, number)
        this.broadcast([PORT.SHARED, number, buffer])
      }
      this.used.push(buffer)
      return number
    }
  }

  /** What the last encoded message uses, or undefined. */
  takeUsed() {
    if (this.used.length === 0) return undefined
    const used = this.used
    this.used = []
    return used
  }

  /** Tells a new worker of all there are, through `send`. */
  introduce(send) {
    for (const [number, reference] of this.buffers) {
      const buffer = reference.deref()
      if (buffer !== undefined) send([PORT.SHARED, number, buffer])
    }
  }
}

module.exports = { SharedBuffers }
