'use strict'

/** Larger memory is given up once it has served. */
const KEPT_WORDS = 1 << 18

/** Memory of so many words, an even number, seen in three ways. */
class Memory {
  constructor(words) {
    this.int32 = new Int32Array(words + (words & 1))
    this.float64 = new Float64Array(this.int32.buffer)
    this.bytes = new Uint8Array(this.int32.buffer)
  }

  /** Whether one message or record has made it so large that it should be given up for a new one. */
  get isLarge() {
    return this.int32.length > KEPT_WORDS
  }
}

/** Words that Rust writes records into, to begin with. */
const INBOUND = 1 << 14

module.exports = { KEPT_WORDS, Memory, INBOUND }
