'use strict'

// Held from the start: test runners and scripts replace the globals.
const { clearTimeout, setImmediate, setTimeout } = require('node:timers')

const { now } = Date
const OwnPromise = Promise

/** A limit is counted in so many steps. */
const STEPS = 10

// How long this thread waits for something. While it is blocked it sees no answer, be it there or not; and when it is no
// longer, timers come first, and what has arrived after them. So a step in which this thread was blocked does not count, up
// to as many as there are; and before a limit fires, the event loop turns once more.
class Limit {
  #milliseconds
  #fire
  #keeps
  #left = STEPS
  #spared = STEPS
  #due = 0
  /** @type {NodeJS.Timeout | undefined} */
  #timer = undefined
  #isOver = false

  /**
   * @param {number} milliseconds
   * @param {() => void} fire called once they are over, unless `end` was before
   * @param {boolean} keeps whether the process stays alive meanwhile
   */
  constructor(milliseconds, fire, keeps = false) {
    this.#milliseconds = milliseconds / STEPS
    this.#fire = fire
    this.#keeps = keeps
    this.#wait()
  }

  #wait() {
    this.#due = now() + this.#milliseconds
    this.#timer = setTimeout(this.#step, this.#milliseconds)
    if (!this.#keeps) this.#timer.unref()
  }

  #step = () => {
    const wasBlocked = now() - this.#due > this.#milliseconds
    if (wasBlocked && this.#spared > 0) this.#spared--
    else this.#left--
    if (this.#left > 0) return this.#wait()
    setImmediate(() => {
      if (this.#isOver) return
      this.#isOver = true
      this.#fire()
    })
  }

  /** What was waited for has come. */
  end() {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

const mayBePromise = (value) => value !== null && (typeof value === 'object' || typeof value === 'function')

/** Settles as `answer` does, or rejects once that has taken longer: nothing would come of whoever waits for it. */
async function inTime(answer, milliseconds) {
  if (!mayBePromise(answer)) return answer
  /** @type {Limit | undefined} */
  let limit
  const tooLong = new OwnPromise((_, reject) => {
    limit = new Limit(milliseconds, () =>
      reject(new Error(`it took longer than ${milliseconds} milliseconds`))
    )
  })
  try {
    return await OwnPromise.race([answer, tooLong])
  } finally {
    limit?.end()
  }
}

module.exports = { Limit, inTime, mayBePromise }
