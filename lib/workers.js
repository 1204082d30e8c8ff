'use strict'

// Held from the start: test runners replace the globals.
const { clearTimeout, setTimeout } = require('node:timers')
const { deferred } = require('./deferred.js')
const { PoolError, restore, wordsOf } = require('./errors.js')
const { CUT_OFF, PORT } = require('./records.js')
const { SharedBuffers } = require('./shared.js')
const { ThreadHost } = require('./thread-host.js')

/** Milliseconds that a worker may be torn down for: more than it allows itself, in case it cannot look at the clock. */
const LONGEST_LEAVE = 6_000

/** What workers exit with that nothing has happened to. */
const ENDS_WELL = new Set([0, CUT_OFF])

/**
 * `end` is how this side has ended it: `killed` as it did not answer, or `terminated` with the pool.
 * `failure` is why it is up without its script; another try may succeed.
 * @typedef {{ host: InstanceType<typeof ThreadHost>, up: boolean, failure: any, end: 'killed' | 'terminated' | undefined, error: any, exitCode: number | undefined, isBlamed: boolean, leave: NodeJS.Timeout | undefined }} Entry
 */

// The workers of a pool. Rust decides when one starts and what it runs; here they are started, handed what only
// a MessagePort can carry, and buried.
class Workers {
  /** @type {Map<number, Entry>} */
  #workers = new Map()
  #settings
  #pool
  /** Why the last worker that did not come up did not. */
  #startError
  /** Who waits for the number of workers to be within limits. */
  #waiters = /** @type {({ least: number, most: number } & ReturnType<typeof deferred>)[]} */ ([])

  /**
   * @param {ConstructorParameters<typeof ThreadHost>[0] & { startTimeout: number }} settings
   * @param {{ remains: (id: number) => boolean, gone: (id: number) => void, fail: (error: InstanceType<typeof PoolError>) => void, hold: () => void, say: (event: string, news: any) => void, died: () => void }} pool
   */
  constructor(settings, pool) {
    this.#settings = settings
    this.#pool = pool
    this.shared = new SharedBuffers((message) => {
      for (const { host } of this.#workers.values()) host.send(message)
    })
  }

  /** A task has come that may have to be stopped. */
  expectStops() {
    this.#settings.mayStop = true
  }

  /** Whether somebody waits for workers. */
  get awaited() {
    return this.#waiters.length > 0
  }

  get count() {
    return this.#workers.size
  }

  /** Starts worker `id`; it is up when it has loaded the script. */
  start(id) {
    /** @type {Entry | undefined} */
    let entry
    const with_ = (/** @type {(entry: Entry) => void} */ step) => entry !== undefined && step(entry)
    try {
      const host = new ThreadHost(this.#settings, id, {
        hear: (news) => with_((entry) => this.#hear(id, entry, news)),
        fail: (error) =>
          with_((entry) => {
            entry.error = error
          }),
        exit: (code) => with_((entry) => this.#bury(id, entry, code))
      })
      entry = {
        host,
        up: false,
        failure: undefined,
        end: undefined,
        error: undefined,
        exitCode: undefined,
        isBlamed: false,
        leave: undefined
      }
    } catch (cause) {
      const message = `No worker could be started: ${wordsOf(cause)}; check the pool's worker options and the system's limits`
      const error = new PoolError('ERR_WORKER_EXITED', message, { cause })
      this.#pool.gone(id)
      this.#failedStart(error)
      return this.#pool.say('error', error)
    }
    this.#workers.set(id, entry)
    this.shared.introduce((message) => entry.host.send(message))
    if (!this.awaited) entry.host.unref()
  }

  /** News of a worker: that it is up, or why its script did not load; later that, or why not, it is torn down. */
  #hear(id, entry, { error, leaves, failure }) {
    if (leaves) {
      entry.leave = setTimeout(() => this.kill(id), LONGEST_LEAVE)
      entry.leave.unref()
      return
    }
    if (failure !== undefined) return this.#pool.say('error', restore(failure))
    if (!entry.up) this.#pool.say('workerStart', { workerId: id })
    entry.up = true
    entry.failure = error === undefined ? undefined : restore(error)
    if (error === undefined) return this.#answerWaiters()
    this.#rejectWaiters(entry.failure)
    this.#pool.say('error', entry.failure)
  }

  /** A worker has ended, by itself or because it was told to. */
  #bury(id, entry, code) {
    clearTimeout(entry.leave)
    entry.exitCode = code
    if (entry.end !== 'killed') this.#lose(id, entry)
    this.#workers.delete(id)
    entry.host.close()
    this.#pool.say('workerExit', { workerId: id, exitCode: code, error: entry.error })
    this.#answerWaiters()
    this.#pool.hold()
  }

  /** Ends a worker that does not answer. Its tasks do not wait until it is gone. */
  kill(id) {
    const entry = this.#workers.get(id)
    if (entry === undefined || entry.end !== undefined) return
    entry.end = 'killed'
    this.#lose(id, entry)
    entry.host.kill()
  }

  /** A worker is lost: what it had fails, and nothing more comes of it. */
  #lose(id, entry) {
    this.#pool.gone(id)
    if (
      entry.end === 'terminated' ||
      (ENDS_WELL.has(entry.exitCode) && entry.error === undefined && entry.up)
    )
      return
    const error = this.deathError(id)
    if (entry.up) this.#rejectWaiters(error, this.#alive().length)
    else this.#failedStart(error)
    if (!entry.isBlamed) this.#pool.say('error', error)
    this.#pool.died()
  }

  /** Those that have not ended and are not being ended. */
  #alive() {
    return [...this.#workers.values()].filter(
      ({ end, exitCode }) => end === undefined && exitCode === undefined
    )
  }

  /** A worker died before it could take a task: starting another would only repeat it. */
  #failedStart(error) {
    this.#startError = error
    this.#rejectWaiters(error, this.#alive().length)
    if (this.#alive().length === 0) this.#pool.fail(error)
  }

  /** Why worker `id` is gone, as an error of the task it had. */
  deathError(id, task = undefined) {
    const entry = this.#workers.get(id)
    const { error, exitCode, end, up = true, leave } = entry ?? {}
    if (task !== undefined && entry !== undefined) entry.isBlamed = true
    const what = task === undefined ? 'A worker' : `The worker that ran the task '${task}'`
    if (end === 'killed' && !up) {
      const message = `The script ${this.#settings.script} was not loaded and set up within ${this.#settings.startTimeout} ms; raise 'startTimeout' or see what it waits for`
      return new PoolError('ERR_SCRIPT_LOAD', message, { task })
    }
    if (end === 'killed' && leave !== undefined) {
      const message = `The 'teardown' of the script ${this.#settings.script} failed: it took longer than ${LONGEST_LEAVE} ms, in which nothing else came to its turn; its worker was ended`
      return new PoolError('ERR_WORKER_EXITED', message)
    }
    if (end === 'killed') {
      const message = `${what} was ended, as a task on it did not stop when it was told to; let long tasks ask 'context.aborted'`
      return new PoolError('ERR_WORKER_EXITED', message, { task })
    }
    if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const message = `${what} ran out of memory; raise 'resourceLimits' or give the task less at a time`
      return new PoolError('ERR_WORKER_OUT_OF_MEMORY', message, { cause: error, task })
    }
    if (exitCode === CUT_OFF && error === undefined) {
      const message = `${what} ended, as another of its tasks was stopped inside of an asynchronous scope (AsyncResource, AsyncLocalStorage); give tasks that may be stopped there a worker of their own`
      return new PoolError('ERR_WORKER_EXITED', message, { task })
    }
    const why =
      error === undefined ? `exited with code ${exitCode}` : `died of an uncaught error: ${wordsOf(error)}`
    const when = up ? '' : ' before it was up'
    return new PoolError('ERR_WORKER_EXITED', `${what} ${why}${when}`, { cause: error, task })
  }

  // ---- waiting for workers

  /** Resolves once at least so many workers are up, and at most so many are there. */
  within(least, most) {
    const waiter = { least, most, ...deferred() }
    this.#waiters.push(waiter)
    this.#answerWaiters()
    this.#rejectHopeless()
    for (const { host } of this.#workers.values()) if (this.awaited) host.ref()
    this.#pool.hold()
    return waiter.promise
  }

  /** The limits have changed: nobody waits any longer for more workers, or fewer, than the pool is to have now. */
  relax(least, most) {
    for (const waiter of this.#waiters) {
      waiter.least = Math.min(waiter.least, least)
      waiter.most = Math.max(waiter.most, most)
    }
  }

  #answerWaiters() {
    let up = 0
    for (const [id, entry] of this.#workers) up += Number(isReady(entry) && this.#pool.remains(id))
    this.#dismissWaiters(({ least, most, resolve }) => {
      if (up < least || this.count > most) return false
      resolve()
      return true
    })
  }

  /** Tells those who wait for workers that have been tried already. */
  #rejectHopeless() {
    const alive = this.#alive()
    const failed = alive.filter(({ failure }) => failure !== undefined)
    this.#rejectWaiters(failed[0]?.failure ?? this.#startError, alive.length - failed.length)
  }

  /** Tells those who wait for more workers than there will be. */
  #rejectWaiters(error, alive = 0) {
    this.#dismissWaiters(({ least, reject }) => {
      if (least <= alive) return false
      reject(error)
      return true
    })
  }

  #dismissWaiters(isDone) {
    if (!this.awaited) return
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter))
    if (this.awaited) return
    for (const { host } of this.#alive()) host.unref()
    this.#pool.hold()
  }

  // ---- what only a MessagePort carries

  /** Sends a task's input to the worker that waits for it. */
  deliver(id, input, transfer) {
    this.#workers.get(id)?.host.send([PORT.CARGO, input], transfer) // else it died; its task is settled by that
  }

  /** The value that worker `id` sent next, or the error of reading it: it may nest too deeply, say. */
  receive(id) {
    try {
      const received = this.#workers.get(id)?.host.receive()
      return received ? { value: received.message } : { error: new Error('its worker is gone') }
    } catch (error) {
      return { error }
    }
  }

  // ---- the end

  /** The pool is closing: who waits for workers is told. */
  end(error) {
    this.#rejectWaiters(error)
  }

  /** Ends every worker at once. */
  terminate() {
    for (const entry of this.#workers.values()) {
      entry.end ??= 'terminated'
      entry.host.kill()
    }
  }

  /** Resolves when no worker is left. */
  gone() {
    return this.within(0, 0)
  }
}

/** Whether a worker is up, with its script. */
const isReady = ({ up, failure }) => up && failure === undefined

module.exports = { Workers }
