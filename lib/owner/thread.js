'use strict'

const path = require('node:path')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')
const { BUNDLES } = require('../place.js')

const WORKER_FILE = path.join(BUNDLES, 'worker.js')

// One worker, on a thread of this process. This is all that the owner of a pool needs of a worker beyond what
// Rust does: to start it, to exchange with it what only a MessagePort carries, to keep the process alive for it
// or not, and to end it. A worker elsewhere would be another class with these methods; see
// src/scheduler/README.md, "Room for more".
class ThreadHost {
  #worker
  #port
  /** How many messages the worker has received, as it counts them. */
  #received = new Int32Array(new SharedArrayBuffer(4))
  /** How many it was sent. */
  sent = 0
  /** What the worker says of itself comes here: its own `parentPort` belongs to its script. */
  #control

  /**
   * Starts worker `id`.
   * @param {{ pool: number, script: string | undefined, name: string, resources: any, places: number, largestHeap: number, mayStop: boolean, isKept: boolean }} settings
   * @param {number} id
   * @param {{ hear: (news: any) => void, fail: (error: any) => void, exit: (code: number) => void }} events
   */
  constructor({ pool, script, name, resources, places, largestHeap, mayStop, isKept }, id, events) {
    const { port1, port2 } = new MessageChannel()
    const { port1: control, port2: theirs } = new MessageChannel()
    this.#port = port1
    this.#control = control
    const workerData = {
      threadmill: {
        pool,
        id,
        path: script,
        port: port2,
        received: this.#received,
        control: theirs,
        places,
        largestHeap,
        mayStop,
        isKept
      },
      workerData: resources.workerData
    }
    try {
      this.#worker = new Worker(WORKER_FILE, {
        __proto__: null,
        ...resources,
        name: `${name}-worker-${id}`,
        workerData,
        transferList: /** @type {any[]} */ ([port2, theirs])
      })
    } catch (error) {
      this.close()
      throw error
    }
    control.on('message', events.hear).unref()
    this.#worker.on('error', events.fail)
    this.#worker.on('exit', (code) => {
      for (let last; (last = receiveMessageOnPort(control)) !== undefined; ) events.hear(last.message)
      events.exit(code)
    })
  }

  /** Sends what the worker receives in the order in which it was sent. */
  send(message, transfer = []) {
    this.#port.postMessage(message, transfer)
    this.sent++
  }

  /** How many of the messages that were sent it has received. */
  get received() {
    return this.sent - ((this.sent - Atomics.load(this.#received, 0)) | 0)
  }

  /** What the worker sent next, or undefined. */
  receive() {
    return receiveMessageOnPort(this.#port)
  }

  ref() {
    this.#worker.ref()
  }

  unref() {
    this.#worker.unref()
  }

  /** Ends the worker, whatever it does; `exit` follows. */
  kill() {
    this.#worker.ref() // until it is gone
    this.#worker.terminate()
  }

  /** Lets go of what is left after `exit`. */
  close() {
    this.#port.close()
    this.#control.close()
  }
}

module.exports = { ThreadHost }
