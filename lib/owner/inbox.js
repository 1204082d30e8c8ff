'use strict'

const { performance } = require('node:perf_hooks')
// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')
const { wordsOf } = require('../errors.js')
const { INBOUND, Memory } = require('../wire/memory.js')
const { LAST, MORE } = require('./settle.js')

const now = performance.now.bind(performance)

/** Batches taken before the event loop gets its turn; see BATCH in src/binding/owner.rs. */
const BATCHES = 8

/** Milliseconds without news after which watching ends. */
const WATCH = 0.05
/** Watches in vain until there are no more, for as long as tasks take their time. */
const PATIENCE = 8
/** Wake-ups after which one more watch shows whether it pays again. */
const RETRY = 32
/** With more tasks than this under way, the next news are never far and a wake-up brings many. */
const MOST_WATCHED = 8

/** The memory that records of every pool are read from: taking those of one never interrupts another. */
let inbound = new Memory(INBOUND)
/** Whether they are being read. Code of the user's may run meanwhile: in a signal of its own, or in a `then` of Object.prototype. */
let isReading = false

// What comes back from Rust. Rust calls `drain` when there is something to take, which costs both sides some
// microseconds. While a short task is under way it is cheaper to look by oneself: once a turn of the event
// loop, which nobody else is kept from, and for no longer than WATCH.
class Inbox {
  #inbound = inbound
  #native
  #take
  #tasks
  #hold
  #settle = /** @type {InstanceType<typeof import('./settle.js').Settle>} */ (
    /** @type {unknown} */ (undefined)
  )
  #watching = false
  #patience = PATIENCE
  #watchUntil = 0
  #wakeUps = 0
  /** Whether a batch could not be taken. */
  #hasFailed = false

  /**
   * @param {any} native the NativePool
   * @param {(stay: boolean) => string} take its `drain`
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'hold'>} parts
   */
  constructor(native, take, { tasks, hold }) {
    this.#native = native
    this.#take = take
    this.#tasks = tasks
    this.#hold = hold
  }

  /** Where Rust is to write from the start. */
  static get memory() {
    return inbound.int32
  }

  /** Who reads what is taken. */
  connect(settle) {
    this.#settle = settle
  }

  /** Takes what there is; called by Rust. */
  drain() {
    if (!this.#takeAll(false)) return
    if (this.#patience === 0 && ++this.#wakeUps % RETRY === 0) this.#patience = 1
    this.watch()
    if (!this.#watching) this.#hold.review()
  }

  /** Takes everything there is, however much it is; later, if this is called while records are read, which it would overwrite. */
  drainAll() {
    if (isReading) {
      if (!this.#watching) this.#lookAgain()
      return
    }
    while (!this.#takeAll(false));
    this.#hold.review()
  }

  /** To be called when a task has been submitted: its result may be there in no time. */
  watch() {
    const { count } = this.#tasks
    if (this.#watching || this.#patience === 0 || count === 0 || count > MOST_WATCHED) return
    this.#watchUntil = now() + WATCH
    this.#lookAgain()
  }

  #lookAgain() {
    this.#watching = true
    setImmediate(this.#look)
  }

  #look = () => {
    this.#watching = false
    const open = this.#tasks.count
    if (!this.#takeAll(true)) return
    if (this.#tasks.count < open) {
      this.#patience = PATIENCE
      this.#watchUntil = now() + WATCH
      // What awaits the result may submit the next task before this turn ends.
      this.#lookAgain()
    } else if (open > 0 && open <= MOST_WATCHED && now() < this.#watchUntil) this.#lookAgain()
    else {
      if (open > 0) this.#patience--
      if (this.#takeAll(false)) this.#hold.review()
    }
  }

  /** Takes batch after batch; `false` if more is left, for which this will be back. */
  #takeAll(stay) {
    for (let batch = 0; batch < BATCHES; batch++) {
      this.#agree()
      const left = this.#read(stay)
      if (left > 0) inbound = new Memory(left)
      this.#settle.finish()
      if (left !== LAST) continue
      if (inbound.isLarge) {
        inbound = new Memory(INBOUND)
        this.#agree()
      }
      return true
    }
    if (!this.#watching) this.#lookAgain()
    return false
  }

  /** Takes a batch; answers as `settle.read` does. */
  #read(stay) {
    isReading = true
    try {
      return this.#settle.read(this.#take(stay), inbound)
    } catch (error) {
      // What it held is lost, and nobody knows whose it was.
      const words = wordsOf(error)
      if (this.#hasFailed) this.#settle.giveUp(words)
      else this.#native.breakOff(words)
      const left = this.#hasFailed ? LAST : MORE
      this.#hasFailed = true
      return left
    } finally {
      isReading = false
    }
  }

  /** Rust has to write to the memory that is read. */
  #agree() {
    if (this.#inbound === inbound) return
    this.#inbound = inbound
    this.#native.useInbound(inbound.int32)
  }
}

module.exports = { Inbox }
