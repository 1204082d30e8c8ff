'use strict'

/** `count` numbers that follow one another. */
const range = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n)

/** Gives numbers from 0 to 1 that look random, and are the same for the same seed (mulberry32). */
function makeRandom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

module.exports = { makeRandom, range }
