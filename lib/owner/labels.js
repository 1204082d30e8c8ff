'use strict'

/** What tasks are called and run, and the number by which Rust and the workers know that. */
class Label {
  /** Unsettled tasks. */
  tasks = 0
  /** When it was last asked for, in the order of asking. */
  asked = 0
  /** Whether it is forgotten as soon as no unsettled task has it. */
  isSurplus = false
  isForgotten = false

  /**
   * @param {number} number below 0 that of a native task
   * @param {string} name what it is called
   * @param {string} text the name of an export, or the source of a function
   */
  constructor(number, name, text) {
    this.number = number
    this.name = name
    this.text = text
  }
}

/** With too many, so much is left of what may be. */
const LEFT = 3 / 4
/** Of the characters that there may be, one text has at most so many. */
const LONGEST = 1 / 8

// Labels of one kind by their text, not many more than may be kept. If there are too many, those that were asked for
// longest ago go, but for those of unsettled tasks. If all are, those that come go when their tasks are over; and so does
// one with a text so long that others would have to go for it.
class Labels {
  /** @type {Map<string, Label>} */
  #byText = new Map()
  #characters = 0
  #most
  #mostCharacters
  #forgotten
  /** With so many there has last been none to forget. */
  #looked = 0

  /**
   * @param {number} most
   * @param {number} mostCharacters of all texts together
   * @param {(labels: Label[]) => void} forgotten called with those that are no longer known
   */
  constructor(most, mostCharacters, forgotten) {
    this.#most = most
    this.#mostCharacters = mostCharacters
    this.#forgotten = forgotten
  }

  get(text) {
    return this.#byText.get(text)
  }

  add(label) {
    this.#byText.set(label.text, label)
    if (this.#isTooLong(label.text)) {
      label.isSurplus = true // nobody makes room for it
      return
    }
    this.#characters += label.text.length
    if (this.#isWithin(1)) return
    // Looking through all pays if there are twice as many as when it was in vain.
    if (this.#byText.size >= 2 * this.#looked) this.#forgetOldest(label)
    label.isSurplus = !this.#isWithin(1)
  }

  /** Forgets one that no unsettled task has. */
  forget(label) {
    this.#remove(label)
    this.#forgotten([label])
  }

  /** Whether a text is not counted, nor kept beyond its tasks: many others would have to go for it. */
  #isTooLong(text) {
    return text.length > LONGEST * this.#mostCharacters
  }

  #isWithin(part) {
    return this.#byText.size <= part * this.#most && this.#characters <= part * this.#mostCharacters
  }

  #forgetOldest(but) {
    const spare = [...this.#byText.values()].filter((label) => label.tasks === 0 && label !== but)
    spare.sort((a, b) => a.asked - b.asked)
    const forgotten = []
    for (const label of spare) {
      if (this.#isWithin(LEFT)) break
      this.#remove(label)
      forgotten.push(label)
    }
    this.#looked = this.#isWithin(1) ? 0 : this.#byText.size
    this.#forgotten(forgotten)
  }

  #remove(label) {
    this.#byText.delete(label.text)
    if (!this.#isTooLong(label.text)) this.#characters -= label.text.length
    label.isForgotten = true
    label.text = '' // functions that somebody keeps know their label
    if (this.#isWithin(1)) this.#looked = 0
  }
}

module.exports = { Label, Labels }
