'use strict'

const path = require('node:path')
const { MessageChannel, Worker, receiveMessageOnPort } = require('node:worker_threads')
const { deferred } = require('./deferred.js')
const { PoolError, restore } = require('./errors.js')
const { PORT } = require('./records.js')
const { SharedBuffers } = require('./shared.js')

const WORKER_FILE = path.join(__dirname, 'worker.js')

// The worker threads of a pool, as Node hosts them. Rust decides when one starts and what it runs; here they
// are started, handed what only a MessagePort can carry, and buried.
class Workers {
  /** @type {Map<number, {worker: Worker, port: import('node:worker_threads').MessagePort, up: boolean, error: any, exitCode: number | undefined}>} */
  #workers = new Map()
  #settings
  #pool
  /** @type {ReturnType<typeof deferred> | undefined} */
  #ready = undefined
  /** Whether somebody waits for workers to be up. */
  awaited = false

  constructor(settings, pool) {
    this.#settings = settings
    this.#pool = pool
    this.shared = new SharedBuffers((message) => {
      for (const { port } of this.#workers.values()) port.postMessage(message)
    })
  }

  /** Starts the workers that are missing from the minimum, soon. */
  startMinimum() {
    setImmediate(() => {
      for (const id of this.#pool.hire()) this.start(id)
    }).unref()
  }

  /** Starts worker `id`; one that somebody may be waiting for is up when it has loaded the script. */
  start(id) {
    const { pool, script, name, resources, minimum } = this.#settings
    const eager = minimum > 0
    const { port1: port, port2 } = new MessageChannel()
    const workerData = {
      threadmill: { pool, id, script, eager, port: port2 },
      workerData: resources.workerData
    }
    let worker
    try {
      worker = new Worker(WORKER_FILE, {
        __proto__: null,
        ...resources,
        name: `${name}-worker-${id}`,
        workerData,
        transferList: /** @type {any[]} */ ([port2])
      })
    } catch (cause) {
      port.close()
      this.#failedStart(
        new PoolError('ERR_WORKER_EXITED', `No worker could be started: ${cause?.message ?? cause}`, {
          cause
        })
      )
      this.#pool.gone(id, false)
      return
    }
    const record = { worker, port, up: false, error: undefined, exitCode: undefined }
    this.#workers.set(id, record)
    this.shared.introduce(port)
    worker.on('message', (message) => this.#hear(record, message))
    worker.on('error', (error) => {
      record.error = error
    })
    worker.on('exit', (code) => this.#bury(id, record, code))
    if (!this.awaited) worker.unref()
  }

  /** News of a worker: that it is up, or why its script did not load. */
  #hear(record, message) {
    if (message?.threadmill === undefined) return // a script's own postMessage
    record.up = true
    if (message.threadmill.error !== undefined) this.#ready?.reject(restore(message.threadmill.error))
    else if (this.#upCount() >= this.#settings.minimum) this.#ready?.resolve()
  }

  #upCount() {
    let count = 0
    for (const { up } of this.#workers.values()) count += Number(up)
    return count
  }

  #bury(id, record, code) {
    record.exitCode = code
    const error = this.deathError(id)
    const replacement = this.#pool.gone(id, record.up)
    this.#workers.delete(id)
    if (!record.up) this.#failedStart(error)
    else if (replacement === 0 && this.#workers.size < this.#settings.minimum) this.#ready?.reject(error)
    record.port.close()
    if (replacement > 0) this.start(replacement)
  }

  /** A worker died before it could take a task: starting another would only repeat it. */
  #failedStart(error) {
    this.#ready?.reject(error)
    if (this.#workers.size === 0) this.#pool.fail(error)
  }

  /** Why worker `id` is gone, as an error of the task it had. */
  deathError(id, task = undefined) {
    const { error, exitCode } = this.#workers.get(id) ?? {}
    const what = task === undefined ? 'A worker' : `The worker that ran the task '${task}'`
    if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return new PoolError(
        'ERR_WORKER_OUT_OF_MEMORY',
        `${what} ran out of memory; raise 'resourceLimits' or give the task less at a time`,
        { cause: error, task }
      )
    }
    const why =
      error === undefined
        ? `exited with code ${exitCode}`
        : `died of an uncaught error: ${error?.message ?? error}`
    return new PoolError('ERR_WORKER_EXITED', `${what} ${why}`, { cause: error, task })
  }

  /** Resolves once the minimum of workers are up. */
  ready() {
    if (this.#settings.minimum === 0) return Promise.resolve()
    if (this.#ready === undefined) {
      const ready = deferred()
      ready.promise = ready.promise.finally(() => {
        this.awaited = false
        for (const { worker } of this.#workers.values()) worker.unref()
        this.#pool.hold()
      })
      this.#ready = ready
      this.awaited = true
      for (const id of this.#pool.hire()) this.start(id)
      for (const { worker } of this.#workers.values()) worker.ref()
      if (this.#upCount() >= this.#settings.minimum) ready.resolve()
      this.#pool.hold()
    }
    return this.#ready.promise
  }

  /** Sends a task's input to the worker that waits for it. */
  deliver(id, input, transfer) {
    const record = this.#workers.get(id)
    if (record === undefined) return // it died; its task is settled by that
    record.port.postMessage([PORT.CARGO, input], transfer)
  }

  /** The value that worker `id` sent next, or the error of reading it: it may nest too deeply, say. */
  receive(id) {
    const port = this.#workers.get(id)?.port
    try {
      const received = port && receiveMessageOnPort(port)
      return received ? { value: received.message } : { error: new Error('its worker is gone') }
    } catch (error) {
      return { error }
    }
  }

  /** The pool is closing: who waits for workers to be up is told. */
  end(error) {
    this.#ready?.reject(error)
  }

  /** Ends every worker at once. */
  terminate() {
    for (const { worker } of this.#workers.values()) worker.terminate()
  }
}

module.exports = { Workers }
