'use strict'

const workerThreads = require('node:worker_threads')
const { PORT } = require('../wire/port.js')

// What reaches a worker over its port: inputs that nothing else carries, and SharedArrayBuffers.
class WorkerPort {
  #port
  /** @type {Map<number, SharedArrayBuffer>} */
  #shared = new Map()
  /** The input that came last, or the error of reading it. One that was taken back comes before its successor. */
  #cargo = /** @type {{ value?: any, error?: any }} */ ({})

  /** @param {import('node:worker_threads').MessagePort} port */
  constructor(port) {
    this.#port = port
    // What nobody waits for is received, too: it would be kept alive in the port.
    port.on('message', (message) => this.#receive(message))
    port.on('messageerror', (error) => {
      this.#cargo = { error }
    })
    port.unref()
  }

  send(value, transfer) {
    this.#port.postMessage(value, transfer)
  }

  #receive([kind, first, second]) {
    if (kind === PORT.SHARED) this.#shared.set(first, second)
    else if (kind === PORT.FORGET) this.#shared.delete(first)
    else this.#cargo = { value: first }
  }

  #receiveNow() {
    let received
    try {
      received = workerThreads.receiveMessageOnPort(this.#port)
    } catch (error) {
      this.#cargo = { error } // perhaps of a task that was taken back: the next message is the next task's
      return true
    }
    if (received !== undefined) this.#receive(received.message)
    return received !== undefined
  }

  /** The input that was delivered for the task. */
  takeCargo() {
    while (this.#receiveNow());
    const { value, error } = this.#cargo
    this.#cargo = {}
    if (error !== undefined) throw error
    return value
  }

  /** A SharedArrayBuffer by its number: it was sent before the first task that names it was submitted. */
  findShared = (number) => {
    while (!this.#shared.has(number) && this.#receiveNow());
    return this.#shared.get(number)
  }
}

module.exports = { WorkerPort }
