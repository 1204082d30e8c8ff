'use strict'

/** Of one signal: the slots of its tasks, and how many submissions are under way with it. */
class Watched {
  /** @type {Set<number>} */
  slots = new Set()
  submissions = 0
  /** @type {() => void} */
  listener

  constructor(abort) {
    this.listener = () => abort([...this.slots])
  }

  get isNeeded() {
    return this.slots.size > 0 || this.submissions > 0
  }
}

// The AbortSignals of unsettled tasks. Each signal gets one listener, however many tasks share it, and loses it
// with the last of them.
class Signals {
  /** @type {Map<AbortSignal, Watched>} */
  #watched = new Map()
  #abort

  /** @param {(slots: number[], signal: AbortSignal) => void} abort gives up the tasks in these slots */
  constructor(abort) {
    this.#abort = abort
  }

  /**
   * Listens to a signal, before anything of a submission with it is written: a signal of somebody's own may run code in
   * here, which may submit others. Throws what the signal does.
   */
  listen(signal) {
    let watched = this.#watched.get(signal)
    if (watched === undefined) {
      watched = new Watched((slots) => this.#abort(slots, signal))
      this.#watched.set(signal, watched)
      try {
        signal.addEventListener('abort', watched.listener)
      } catch (error) {
        this.#watched.delete(signal)
        throw error
      }
    }
    watched.submissions++
  }

  /** The task in a slot is given up when the signal, which is being listened to, is aborted. */
  watch(signal, slot) {
    this.#watched.get(signal)?.slots.add(slot)
  }

  /** The submission that has listened is through. */
  listened(signal) {
    const watched = this.#watched.get(signal)
    if (watched === undefined) return
    watched.submissions--
    this.#drop(signal, watched)
  }

  forget(signal, slot) {
    const watched = this.#watched.get(signal)
    if (watched?.slots.delete(slot)) this.#drop(signal, watched)
  }

  #drop(signal, watched) {
    if (watched.isNeeded) return
    this.#watched.delete(signal)
    try {
      signal.removeEventListener('abort', watched.listener)
    } catch {
      /* one of somebody's own; its tasks are over whatever it says */
    }
  }
}

/** Whether a signal is aborted. One that can no longer say so tells its listener, if at all. */
function isAborted(signal) {
  try {
    return signal?.aborted === true
  } catch {
    return false
  }
}

/** Why a signal was aborted. */
function reasonOf(signal) {
  try {
    return signal.reason
  } catch (error) {
    return error
  }
}

module.exports = { Signals, isAborted, reasonOf }
