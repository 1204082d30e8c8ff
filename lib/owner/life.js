'use strict'

// Held from the start: test runners replace the globals.
const { clearTimeout, setImmediate, setTimeout } = require('node:timers')
const { Remembered } = require('../wire/remembered.js')
const { LONGEST_LEAVE } = require('./death.js')
const { inBatches } = require('./batches.js')
const { deferred } = require('./deferred.js')
const { REASON } = require('./hold.js')
const { brokenError, cancelledError, closedError, terminatedError } = require('./refusals.js')
const { LONGEST_TIMER } = require('./timers.js')

/** How often a closing pool is looked at in the time that its workers have to end. */
const ROUNDS = 3

/** `CLOSED` has ended without a termination. */
const PHASE = { OPEN: 0, CLOSING: 1, CLOSED: 2, TERMINATED: 3 }

/** Pools of this isolate that have not ended. */
let lives = 0

// A pool's end: from the first call of close() or terminate() until every thread is gone.
class Life {
  #native
  #tasks
  #workers
  #withdrawals
  #hold
  #news
  #phase = PHASE.OPEN
  #hasEnded = false
  /** Resolves when those are told whose tasks were taken back or given up. @type {Promise<void> | undefined} */
  #told = undefined
  /**
   * Settles when everything has ended; made by the first who wants the end. `lingering` is what native threads may still
   * be reading after a termination.
   * @type {(ReturnType<typeof deferred> & { lingering: any[] }) | undefined}
   */
  #end = undefined
  /** @type {NodeJS.Timeout | undefined} */
  #patrol = undefined
  #onEnd

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'workers' | 'withdrawals' | 'hold' | 'news'>} parts
   * @param {() => void} onEnd what Rust still calls may be let go of
   */
  constructor(native, { tasks, workers, withdrawals, hold, news }, onEnd) {
    this.#native = native
    this.#tasks = tasks
    this.#workers = workers
    this.#withdrawals = withdrawals
    this.#hold = hold
    this.#news = news
    this.#onEnd = onEnd
    lives++
  }

  /** Whether tasks are accepted. */
  get isOpen() {
    return this.#phase === PHASE.OPEN
  }

  get isTerminated() {
    return this.#phase === PHASE.TERMINATED
  }

  /** @param {{ timeout: number | undefined, cancelQueued: boolean }} options */
  close({ timeout, cancelQueued }) {
    const { promise } = this.#begin(closedError('The pool was closed before its workers were up'))
    if (this.#phase !== PHASE.CLOSING) return promise
    if (cancelQueued) this.#told = this.#withdrawals.queued(cancelledError)
    this.#native.close()
    this.#watch()
    if (timeout !== undefined && timeout <= LONGEST_TIMER) {
      const timer = setTimeout(() => this.terminate(), timeout)
      promise.then(() => clearTimeout(timer))
    }
    return promise
  }

  /** Once no task is left, a worker that does not even hear of the end, as something blocks it, is ended by force. */
  #watch() {
    let quiet = 0
    const look = () => {
      quiet = this.#tasks.count === 0 ? quiet + 1 : 0
      if (quiet > ROUNDS) this.#workers.killSilent()
      this.#patrol = setTimeout(look, LONGEST_LEAVE / ROUNDS).unref()
    }
    if (this.#patrol === undefined) look()
  }

  /** Nobody can ask for anything any more, and there is nothing to do: it ends without anybody waiting for that. */
  abandon() {
    if (!this.isOpen) return
    this.#phase = PHASE.CLOSING
    this.#native.close()
    this.#watch()
  }

  terminate() {
    const end = this.#begin(terminatedError())
    if (this.#phase !== PHASE.CLOSING) return end.promise
    this.#native.terminate()
    this.#giveUp(end, terminatedError)
    return end.promise
  }

  /** Something of ours has failed, in Rust or here: every task is lost, and everybody goes. Rust knows. */
  broken(words) {
    if (this.#phase > PHASE.CLOSING) return
    const error = brokenError(words)
    const end = this.#begin(error)
    this.#giveUp(end, (task) => brokenError(words, task))
    this.#news.say('error', error)
  }

  /** Rust has forgotten every task. */
  #giveUp(end, errorOf) {
    this.#phase = PHASE.TERMINATED
    end.lingering = [...this.#tasks.kept]
    const before = this.#told
    this.#told = inBatches(this.#tasks.openSlots(), (slot) => {
      // Its record may have come, or it was taken back, since the batch before.
      if (this.#tasks.isOpen(slot)) this.#tasks.reject(slot, errorOf(this.#tasks.nameOf(slot)))
    }).then(() => before)
    this.#workers.terminate()
  }

  /** The end is wanted; from now on the process stays alive until it has come. */
  #begin(error) {
    if (this.#end === undefined) {
      this.#phase = PHASE.CLOSING
      this.#end = { lingering: [], ...deferred() }
      this.#workers.end(error)
      this.#hold.need(REASON.END, true)
    }
    return this.#end
  }

  /** Rust has nothing left to do or to say. */
  async ended() {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#patrol)
    this.#native.release()
    this.#onEnd()
    if (--lives === 0) Remembered.forgetAll()
    if (this.#end === undefined) return
    this.#end.lingering = []
    await this.#workers.gone() // those that were ended by force, too
    await this.#told
    await this.#withdrawals.told
    if (this.#phase === PHASE.CLOSING) this.#phase = PHASE.CLOSED
    this.#hold.need(REASON.END, false)
    // After the handlers of results that came in the same batch, and when the handles that were closed are gone: Node
    // closes them in one turn of the event loop, and says so in the next.
    const { resolve } = this.#end
    setImmediate(() => setImmediate(resolve))
  }
}

module.exports = { Life }
