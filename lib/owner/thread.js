'use strict'

const path = require('node:path')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')
const { BUNDLES } = require('../place.js')
const { NEWS, ORDER } = require('../wire/port.js')
const lastWords = require('./last-words.js')

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
  #hear
  #isPiped

  /**
   * Starts worker `id`.
   * @param {{ pool: number, script: string | undefined, name: string, resources: any, places: number, largestHeap: number, mayStop: boolean, isKept: boolean }} settings
   * @param {number} id
   * @param {{ hear: (kind: number, content: any) => void, fail: (error: any) => void, exit: (code: number) => void }} events
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
    this.#hear = events.hear
    control.on('message', (news) => this.#listen(news)).unref()
    this.#worker.on('error', events.fail)
    this.#worker.on('exit', (code) => {
      for (let last; (last = receiveMessageOnPort(control)) !== undefined; ) this.#listen(last.message)
      lastWords.leave(this)
      events.exit(code)
    })
    this.#isPiped = { stdout: resources.stdout !== true, stderr: resources.stderr !== true }
  }

  /** What makes no sense is not heard: a script may have got hold of the port. */
  #listen(news) {
    const [kind, content] = Array.isArray(news) ? news : []
    if (kind === NEWS.UP || kind === NEWS.BROKEN) lastWords.join(this)
    if (kind === NEWS.SAID) lastWords.answered(this)
    else this.#hear(kind, content)
  }

  /** Has the worker say what it has printed, and that it has. */
  sayAll() {
    this.#control.postMessage([ORDER.SAY])
  }

  /** Tells why a run is going to be told to stop. */
  explain(run, reason) {
    this.#control.postMessage([ORDER.WHY, run, reason])
  }

  /** What the worker prints, where that is not passed on to the process. */
  get output() {
    const { stdout, stderr } = this.#worker
    return { ...(!this.#isPiped.stdout && { stdout }), ...(!this.#isPiped.stderr && { stderr }) }
  }

  /** What nobody reads is dropped; it would fill the memory, and the worker would wait at its end. */
  dropUnread() {
    for (const stream of Object.values(this.output)) if (stream.readableFlowing === null) stream.resume()
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
