'use strict'

const workerThreads = require('node:worker_threads')
const { PORT } = require('../wire/port.js')

/** Held from the start: a script may replace it. */
const { postMessage } = workerThreads.MessagePort.prototype

/** @type {{ value: any, error: any }} */
const NO_CARGO = { value: undefined, error: undefined }

/**
 * In Deno a port that is listened to takes a message out before it calls its listener, some turns of the event loop
 * later; in between, nobody finds it who looks for it at once, as a task has to that is told that its input is there. So
 * there it is only looked for: what nobody waits for stays in the port until the next task with an input of its kind.
 */
const HANDS_OVER_LATE = /** @type {any} */ (process.versions).deno !== undefined

// What reaches a worker over its port: inputs that nothing else carries, and SharedArrayBuffers.
class WorkerPort {
  #port
  /** Where this side counts messages for the other. */
  #received
  /** @type {Map<number, SharedArrayBuffer>} */
  #shared = new Map()
  /** The input that came last, or the error of reading it. One that was taken back comes before its successor. */
  #cargo = NO_CARGO
  /** Whether anything has been sent since this was last false. */
  hasSent = false

  /**
   * @param {import('node:worker_threads').MessagePort} port
   * @param {Int32Array} received
   */
  constructor(port, received) {
    this.#port = port
    this.#received = received
    if (HANDS_OVER_LATE) return
    // What nobody waits for is received, too: it would be kept alive in the port.
    port.on('message', (message) => this.#receive(message))
    port.on('messageerror', (error) => this.#fail(error))
    port.unref()
  }

  /** A stop may fall in here, into a getter of `value`. Nothing has been sent then; after that nothing is called. */
  send(value, transfer) {
    postMessage.call(this.#port, value, transfer)
    this.hasSent = true
  }

  #receive([kind, first, second]) {
    Atomics.add(this.#received, 0, 1)
    if (kind === PORT.SHARED) this.#shared.set(first, second)
    else if (kind === PORT.FORGET) for (const number of first) this.#shared.delete(number)
    else this.#cargo = { value: first, error: undefined }
  }

  /** A message could not be read. Perhaps of a task that was taken back: the next message is the next task's. */
  #fail(error) {
    Atomics.add(this.#received, 0, 1)
    this.#cargo = { value: undefined, error }
  }

  #receiveNow() {
    let received
    try {
      received = workerThreads.receiveMessageOnPort(this.#port)
    } catch (error) {
      this.#fail(error)
      return true
    }
    if (received !== undefined) this.#receive(received.message)
    return received !== undefined
  }

  /** The input that was delivered for the task. */
  takeCargo() {
    while (this.#receiveNow());
    const { value, error } = this.#cargo
    this.#cargo = NO_CARGO
    if (error !== undefined) throw error
    return value
  }

  /** A SharedArrayBuffer by its number: it was sent before the first task that names it was submitted, and nothing later is received. */
  findShared = (number) => {
    while (!this.#shared.has(number) && this.#receiveNow());
    return this.#shared.get(number)
  }
}

module.exports = { WorkerPort }
