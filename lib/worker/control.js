'use strict'

const { receiveMessageOnPort } = require('node:worker_threads')
const { PoolError } = require('../errors.js')
const { ORDER } = require('../wire/port.js')
const { restore, simplify } = require('../wire/thrown.js')
const { describeAnything } = require('./results.js')

/** A task's own classes are not known here: their errors come as those of the nearest that is built in. @type {Map<string, Function>} */
const NO_CLASSES = new Map()

// What a worker and the owner of the pool say to each other about the worker itself, on a port that no script knows of:
// `parentPort` is the script's own.
class Control {
  #port
  #say
  #isPending
  /** Why runs are to stop, described. Those that are not pending have nobody to tell. @type {Map<number, any>} */
  #reasons = new Map()

  /**
   * @param {import('node:worker_threads').MessagePort} port
   * @param {() => void} say is called when the owner wants to hear what has been printed
   * @param {(run: number) => boolean} isPending
   */
  constructor(port, say, isPending) {
    this.#port = port
    this.#say = say
    this.#isPending = isPending
    port.on('message', (message) => this.#heed(message))
    port.unref()
  }

  tell(kind, /** @type {any} */ content = undefined) {
    this.#port.postMessage([kind, content])
  }

  tellError(kind, error) {
    const description = describeAnything(error)
    try {
      this.tell(kind, description)
    } catch {
      this.tell(kind, simplify(description))
    }
  }

  #heed([order, run, reason], asked = undefined) {
    if (order === ORDER.SAY) this.#say()
    else if (order === ORDER.WHY && (run === asked || this.#isPending(run))) this.#reasons.set(run, reason)
  }

  /** Why a run has been told to stop. The reason of its signal was sent before that; there is none if its time is over. */
  reasonOf(run) {
    for (let next; (next = receiveMessageOnPort(this.#port)) !== undefined; ) this.#heed(next.message, run)
    const reason = this.#reasons.get(run)
    this.#reasons.delete(run) // whoever asks keeps it
    if (reason !== undefined) return restore(reason, NO_CLASSES)
    return timeoutError()
  }

  /** A run is over. */
  forget(run) {
    this.#reasons.delete(run)
  }
}

/** By its name it is what AbortSignal.timeout() gives, by its code what the caller gets. */
function timeoutError() {
  const error = new PoolError('ERR_TASK_TIMEOUT', "The task ran for longer than its 'timeout'")
  return Object.defineProperty(error, 'name', { value: 'TimeoutError', writable: true, configurable: true })
}

module.exports = { Control }
