'use strict'

// What either side remembers from message to message, such as the shapes of objects: bounded by characters, however
// many keys they make, and not to be taken in when it is met once. Values that are all of a kind are learnt at their
// second message; those of keys that come and go, as of dictionaries, leave nothing behind.

/** Characters of keys that one `Remembered` holds at most. */
const MOST_CHARACTERS = 1 << 18
/** A longer key is never remembered: learning it anew is little beside sending what it is the key of. */
const LONGEST_KEY = 1 << 13

/** Characters that are looked at to tell keys apart that were met once. */
const SAMPLED = 32
const SIGHTINGS = 1 << 11

/** A number for a text; two texts may have the same. O(1). */
function fingerprint(text) {
  const { length } = text
  const step = length > SAMPLED ? Math.floor(length / SAMPLED) : 1
  let hash = length
  for (let at = 0; at < length; at += step) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

/** @type {any[]} */
const all = []

/**
 * Two generations: the older is forgotten when the younger has its half of the characters, and what is still asked for
 * moves to the younger.
 */
class Remembered {
  /** @type {Map<string, any>} */
  #young = new Map()
  /** @type {Map<string, any>} */
  #old = new Map()
  #youngCharacters = 0
  #oldCharacters = 0
  /** Fingerprints of keys that were met, each in the place that it falls to. */
  #sightings = new Int32Array(SIGHTINGS)
  #onForget
  #extra

  /**
   * @param {() => void} onForget lets go of what is held beside this
   * @param {number} extra what each key counts for beside its characters
   */
  constructor(onForget, extra = 0) {
    this.#onForget = onForget
    this.#extra = extra
    all.push(this)
  }

  get(key) {
    const value = this.#young.get(key)
    if (value !== undefined || this.#old.size === 0) return value
    const older = this.#old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** Whether `key` is to be remembered: it was met before, as far as is known. To be asked whenever it is met. */
  isWorth(key) {
    if (key.length > LONGEST_KEY) return false
    const print = fingerprint(key)
    const place = print & (SIGHTINGS - 1)
    if (this.#sightings[place] === print) return true
    this.#sightings[place] = print
    return false
  }

  /** Remembers `value` for a while. */
  set(key, value) {
    const weight = key.length + this.#extra
    if (key.length > LONGEST_KEY) return
    if (this.#youngCharacters + weight > MOST_CHARACTERS / 2) {
      this.#old = this.#young
      this.#oldCharacters = this.#youngCharacters
      this.#young = new Map()
      this.#youngCharacters = 0
    }
    this.#young.set(key, value)
    this.#youngCharacters += weight
  }

  /** Forgets everything that is remembered in this isolate: the last pool has ended. */
  static forgetAll() {
    for (const each of all) each.#forget()
  }

  #forget() {
    this.#young = new Map()
    this.#old = new Map()
    this.#youngCharacters = this.#oldCharacters = 0
    this.#sightings.fill(0)
    this.#onForget()
  }

  /** Characters of all keys that are remembered in this isolate. */
  static get characters() {
    return all.reduce((sum, each) => sum + each.#youngCharacters + each.#oldCharacters, 0)
  }
}

module.exports = { MOST_CHARACTERS, Remembered }
