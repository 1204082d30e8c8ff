'use strict'

/** Functions in one generation, and the characters of their sources. */
const MOST = 256
const MOST_CHARACTERS = 1 << 21
/** Of longer ones the last is kept, and takes nobody's place: its owner forgets it when no task has it. */
const LONGEST = MOST_CHARACTERS / 8

// The functions of labels, those that were used of late: what is not asked for while so many others are is made anew
// when it is. Two generations: what is asked for comes into the younger one, and when that is full the older one goes.
class Handlers {
  /** @type {Map<number, { handler: Function, characters: number }>} */
  #young = new Map()
  #old = this.#young
  #characters = 0
  /** @type {{ label: number, handler: Function | undefined }} */
  #long = { label: -1, handler: undefined }

  /** The function of a label, if it is there. */
  get(label) {
    const known = this.#young.get(label)
    return known === undefined ? this.#revive(label) : known.handler
  }

  #revive(label) {
    if (label === this.#long.label) return this.#long.handler
    const known = this.#old.get(label)
    if (known !== undefined) this.#add(label, known)
    return known?.handler
  }

  /** `characters`: of its source, which it keeps. */
  set(label, handler, characters) {
    if (characters > LONGEST) this.#long = { label, handler }
    else this.#add(label, { handler, characters })
  }

  #add(label, known) {
    if (this.#young.size === MOST || this.#characters + known.characters > MOST_CHARACTERS) {
      this.#old = this.#young
      this.#young = new Map()
      this.#characters = 0
    }
    this.#young.set(label, known)
    this.#characters += known.characters
  }
}

module.exports = { Handlers }
