'use strict'

// The AbortSignals of unsettled tasks. Each signal gets one listener, however many tasks share it, and loses it
// with the last of them.
class Signals {
  /** @type {Map<AbortSignal, { slots: Set<number>, listener: () => void }>} */
  #watched = new Map()
  #abort

  /** @param {(slot: number, signal: AbortSignal) => void} abort gives up the task in a slot */
  constructor(abort) {
    this.#abort = abort
  }

  watch(signal, slot) {
    const known = this.#watched.get(signal)
    if (known !== undefined) {
      known.slots.add(slot)
      return
    }
    const slots = new Set([slot])
    const listener = () => {
      for (const each of [...slots]) this.#abort(each, signal)
    }
    signal.addEventListener('abort', listener)
    this.#watched.set(signal, { slots, listener })
  }

  forget(signal, slot) {
    const known = this.#watched.get(signal)
    if (known === undefined || !known.slots.delete(slot) || known.slots.size > 0) return
    this.#watched.delete(signal)
    signal.removeEventListener('abort', known.listener)
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

module.exports = { Signals, reasonOf }
