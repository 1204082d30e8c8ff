'use strict'

const { performance } = require('node:perf_hooks')
// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')
const { decode } = require('./codec.js')
const { HEAD, RECORD, Inbound } = require('./records.js')

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
let inbound = new Inbound()

// What comes back from Rust. Rust calls `drain` when there is something to take, which costs both sides some
// microseconds. While a short task is under way it is cheaper to look by oneself: once a turn of the event
// loop, which nobody else is kept from, and for no longer than WATCH.
class Inbox {
  #inbound = inbound
  #native
  #take
  #slots
  #pool
  #watching = false
  #patience = PATIENCE
  #watchUntil = 0
  /** What is left to do about records that have been read. @type {(() => void)[]} */
  #rest = []
  #wakeUps = 0

  /** `pool.settleRare` gets the records other than a task's ordinary result; `pool.rest` is told of pauses. */
  constructor(slots, pool) {
    this.#slots = slots
    this.#pool = pool
  }

  /** Where Rust is to write from the start. */
  static get memory() {
    return inbound.int32
  }

  /** `take` is the addon's `drain`. */
  connect(native, take) {
    this.#native = native
    this.#take = take
  }

  /** Takes what there is; called by Rust. */
  drain() {
    if (!this.#takeAll(false)) return
    if (this.#patience === 0 && ++this.#wakeUps % RETRY === 0) this.#patience = 1
    this.watch()
    if (!this.#watching) this.#pool.rest()
  }

  /** Takes everything there is, however much it is. */
  drainAll() {
    while (!this.#takeAll(false));
    this.#pool.rest()
  }

  /**
   * Has something done about a record once its batch has been read: what takes records itself, or calls code of
   * the user's that may, would overwrite the rest of the batch.
   */
  later(act) {
    this.#rest.push(act)
  }

  /** To be called when a task has been submitted: its result may be there in no time. */
  watch() {
    const { count } = this.#slots
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
    const open = this.#slots.count
    if (!this.#takeAll(true)) return
    if (this.#slots.count < open) {
      this.#patience = PATIENCE
      this.#watchUntil = now() + WATCH
      // What awaits the result may submit the next task before this turn ends.
      this.#lookAgain()
    } else if (open > 0 && open <= MOST_WATCHED && now() < this.#watchUntil) this.#lookAgain()
    else {
      if (open > 0) this.#patience--
      if (this.#takeAll(false)) this.#pool.rest()
    }
  }

  /** Takes batch after batch; `false` if more is left, for which this will be back. */
  #takeAll(stay) {
    for (let batch = 0; batch < BATCHES; batch++) {
      this.#agree()
      const isLast = this.#read(this.#take(stay))
      this.#doRest()
      if (!isLast) continue
      if (inbound.isLarge) {
        inbound = new Inbound()
        this.#agree()
      }
      return true
    }
    if (!this.#watching) this.#lookAgain()
    return false
  }

  #doRest() {
    for (let act = this.#rest.shift(); act !== undefined; act = this.#rest.shift()) act()
  }

  /** Rust has to write to the memory that is read. */
  #agree() {
    if (this.#inbound === inbound) return
    this.#inbound = inbound
    this.#native.useInbound(inbound.int32)
  }

  /** Settles what a batch of records tells of; whether it was the last. */
  #read(text) {
    const { int32, float64 } = inbound
    let at = 0
    let textAt = 0
    for (;;) {
      const kind = int32[at]
      if (kind === RECORD.END) return true
      if (kind === RECORD.MORE) return false
      const slot = int32[at + 1]
      if (kind === RECORD.GROW) {
        inbound = new Inbound(slot * 2)
        return false
      }
      const characters = int32[at + 4]
      const body = at + HEAD
      const isOrdinary = kind === RECORD.FULFILLED
      try {
        if (isOrdinary && this.#slots.isOpen(slot)) {
          this.#slots.resolve(slot, decode(int32, float64, body, text, textAt))
        } else if (!isOrdinary) {
          const own = text.slice(textAt, textAt + characters)
          const [number, flags] = [int32[at + 2], int32[body - 1]]
          this.#pool.settleRare({ kind, slot, number, flags, text: own, memory: inbound, body })
        }
      } catch (error) {
        // No memory for it, say. The batch goes on: nobody else would come back for the others.
        if (this.#slots.isOpen(slot)) this.#slots.reject(slot, error)
      }
      at = body + ((int32[at + 3] + 1) & ~1)
      textAt += characters
    }
  }
}

module.exports = { Inbox }
