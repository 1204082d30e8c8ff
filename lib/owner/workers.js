'use strict'

// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')
const { PoolError, wordsOf } = require('../errors.js')
const { Limit } = require('../limit.js')
const { CUT_OFF, LEAVING, NEWS, PORT } = require('../wire/port.js')
const { describe, restore, simplify } = require('../wire/thrown.js')
const { LONGEST_LEAVE, deathError } = require('./death.js')
const { deferred } = require('./deferred.js')
const { REASON } = require('./hold.js')
const { SharedBuffers } = require('./shared-buffers.js')
const { rejectWithSite } = require('./submit-site.js')
const { ThreadHost } = require('./thread.js')

/** What workers exit with that nothing has happened to. */
const ENDS_WELL = new Set([0, CUT_OFF])

/**
 * `end` is how this side has ended it: `killed` as it did not answer, or `terminated` with the pool.
 * `failure` is why it is up without its script; another try may succeed. `leaving` is what its end waits for.
 * @typedef {{ host: InstanceType<typeof ThreadHost>, up: boolean, failure: any, end: 'killed' | 'terminated' | undefined, error: any, exitCode: number | undefined, isBlamed: boolean, leaving: number | undefined, leave: InstanceType<typeof Limit> | undefined }} Entry
 */

// The workers of a pool. Rust decides when one starts and what it runs; here they are started, handed what only
// a MessagePort can carry, and buried.
class Workers {
  /** @type {Map<number, Entry>} */
  #workers = new Map()
  #settings
  #native
  #tasks
  #inbox
  #withdrawals
  #hold
  #news
  #scope
  /** Whether the pool takes no more tasks. */
  #isEnding = false
  #isTerminated = false
  /** When workers died, the latest of them. @type {number[]} */
  deaths = []
  /** Why the last worker that did not come up did not. */
  #startError
  /** Why the pool is ending, once it is. */
  #endError
  /** Who waits for the number of workers to be within limits. */
  #waiters =
    /** @type {({ least: number, most: number, call: string } & ReturnType<typeof deferred>)[]} */ ([])

  /**
   * @param {any} native the NativePool
   * @param {ConstructorParameters<typeof ThreadHost>[0] & { startTimeout: number, errorClasses: Map<string, Function> }} settings
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'inbox' | 'withdrawals' | 'hold' | 'news' | 'scope'>} parts
   */
  constructor(native, settings, { tasks, inbox, withdrawals, hold, news, scope }) {
    this.#native = native
    this.#settings = settings
    this.#tasks = tasks
    this.#inbox = inbox
    this.#withdrawals = withdrawals
    this.#hold = hold
    this.#news = news
    this.#scope = scope
    this.shared = new SharedBuffers()
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
    const isNeeded = !this.#isEnding || this.#tasks.count > 0
    if (this.#isTerminated || !isNeeded) return this.#native.workerGone(id, false)
    /** @type {Entry | undefined} */
    let entry
    const with_ = (/** @type {(entry: Entry) => void} */ step) => entry !== undefined && step(entry)
    try {
      const events = {
        hear: (kind, content) => with_((entry) => this.#hear(id, entry, kind, content)),
        fail: (error) =>
          with_((entry) => {
            entry.error = error
          }),
        exit: (code) => with_((entry) => this.#bury(id, entry, code))
      }
      // Of the pool: it outlives the task that it is started for, whose caller's context it would keep.
      const host = this.#scope.runInAsyncScope(() => new ThreadHost(this.#settings, id, events))
      entry = {
        host,
        up: false,
        failure: undefined,
        end: undefined,
        error: undefined,
        exitCode: undefined,
        isBlamed: false,
        leaving: undefined,
        leave: undefined
      }
    } catch (cause) {
      const message = `No worker could be started: ${wordsOf(cause)}; check the pool's worker options and the system's limits`
      const error = new PoolError('ERR_WORKER_EXITED', message, { cause })
      this.#settleLost(id)
      this.#failedStart(error)
      return this.#news.say('error', error)
    }
    this.#workers.set(id, entry)
    this.shared.introduce(entry.host)
    if (!this.awaited) entry.host.unref()
  }

  /** What a worker says of itself. */
  #hear(id, entry, kind, content) {
    switch (kind) {
      case NEWS.UP:
      case NEWS.BROKEN:
        return this.#arrived(
          id,
          entry,
          kind === NEWS.BROKEN ? errorOf(content, this.#settings.errorClasses) : undefined
        )
      case NEWS.LEAVES:
        entry.leave?.end()
        entry.leaving = content
        entry.leave = new Limit(LONGEST_LEAVE, () => this.kill(id))
        return
      case NEWS.FAILED:
        return this.#news.say('error', errorOf(content, this.#settings.errorClasses))
    }
  }

  /** A worker is up, with its script or without it. */
  #arrived(id, entry, failure) {
    if (!entry.up) this.#introduce(id, entry)
    entry.up = true
    entry.failure = failure
    if (failure === undefined) return this.#answerWaiters()
    this.#rejectWaiters(failure)
    this.#news.say('error', failure)
  }

  /** Tells of a new worker, and of what it prints if that is not passed on. */
  #introduce(id, { host }) {
    this.#news.say('workerStart', { workerId: id, ...host.output })
    setImmediate(() => host.dropUnread())
  }

  /** A worker has ended, by itself or because it was told to. */
  #bury(id, entry, code) {
    entry.leave?.end()
    entry.exitCode = code
    if (entry.end === 'killed') this.#settleLost(id)
    else this.#lose(id, entry)
    this.#workers.delete(id)
    this.shared.dismiss(entry.host)
    entry.host.close()
    this.#news.say('workerExit', { workerId: id, exitCode: code, error: entry.error })
    this.#answerWaiters()
    this.#hold.review()
  }

  /** Ends a worker that does not answer, or not even come. Its tasks do not wait until it is gone. */
  kill(id, isMissing = false) {
    const entry = this.#workers.get(id)
    if (entry === undefined || entry.end !== undefined) return
    entry.end = 'killed'
    if (isMissing) entry.leaving ??= LEAVING.TURN
    this.#lose(id, entry)
    entry.host.kill() // what it ran counts as running until it is gone
  }

  /** Ends the workers that have not said that they are about to end. */
  killSilent() {
    for (const [id, entry] of [...this.#workers]) {
      if (entry.leaving === undefined) this.kill(id, true)
    }
  }

  /** A worker is lost: what it had fails, and nothing more comes of it. */
  #lose(id, entry) {
    this.#settleLost(id, entry.exitCode !== undefined)
    if (
      entry.end === 'terminated' ||
      (ENDS_WELL.has(entry.exitCode) && entry.error === undefined && entry.up)
    )
      return
    const error = this.deathError(id)
    if (entry.end === 'killed') entry.error = error
    if (entry.up) this.#rejectWaiters(error, this.#alive().length)
    else this.#failedStart(error)
    // Of a death between start and end, 'workerExit' tells.
    const isLeaving = entry.leaving === LEAVING.TURN ? this.#isEnding : entry.leaving !== undefined
    if ((!entry.up || isLeaving) && !entry.isBlamed) this.#news.say('error', error)
    this.deaths = [...this.deaths.slice(-99), Date.now()]
  }

  /** Settles what a lost worker leaves behind; Rust forgets it when it is gone. */
  #settleLost(id, isGone = true) {
    this.#inbox.drainAll() // what it had finished
    if (isGone) this.#native.workerGone(id, true)
    else this.#native.workerLost(id)
    this.#inbox.drainAll() // what it had not, and who takes its place
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
    if (this.#alive().length === 0) this.#rejectTasks(error)
  }

  /** No worker can start: the tasks that wait for one are told why. */
  #rejectTasks(error) {
    this.#withdrawals.all(
      (slot) => !this.#tasks.isNative(slot),
      (task) => copyOf(error, task)
    )
  }

  /** Why worker `id` is gone, as an error of the task it had. */
  deathError(id, task = undefined) {
    const entry = this.#workers.get(id)
    if (task !== undefined && entry !== undefined) entry.isBlamed = true
    return deathError(entry, this.#settings, task)
  }

  // ---- waiting for workers

  /** Resolves once at least so many workers are up, and at most so many are there. `call` is what is waited in. */
  within(least, most, call) {
    const waiter = { least, most, call, ...deferred() }
    this.#waiters.push(waiter)
    this.#answerWaiters()
    this.#rejectHopeless()
    for (const { host } of this.#workers.values()) if (this.awaited) host.ref()
    this.#hold.need(REASON.WORKERS, this.awaited)
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
    for (const [id, entry] of this.#workers) up += Number(isReady(entry) && this.#native.workerRemains(id))
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
    const error = failed[0]?.failure ?? this.#startError ?? this.#endError
    if (error !== undefined) this.#rejectWaiters(error, alive.length - failed.length)
  }

  /** Tells those who wait for more workers than there will be. */
  #rejectWaiters(error, alive = 0) {
    this.#dismissWaiters(({ least, call, resolve }) => {
      if (least <= alive) return false
      rejectWithSite(resolve, copyOf(error), call)
      return true
    })
  }

  #dismissWaiters(isDone) {
    if (!this.awaited) return
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter))
    if (this.awaited) return
    for (const { host } of this.#alive()) host.unref()
    this.#hold.need(REASON.WORKERS, false)
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
      return received
        ? { value: received.message, error: undefined }
        : { value: undefined, error: new Error('its worker is gone') }
    } catch (error) {
      return { value: undefined, error }
    }
  }

  /** Tells worker `id` why a run is going to be told to stop. */
  explain(id, run, reason) {
    const host = this.#workers.get(id)?.host
    try {
      const description = describe(reason)
      try {
        host?.explain(run, description)
      } catch {
        host?.explain(run, simplify(description))
      }
    } catch {
      /* it cannot be read: the task will hear that it is to stop, not why */
    }
  }

  // ---- the end

  /** The pool is closing: who waits for workers is told. */
  end(error) {
    this.#isEnding = true
    // Not the error itself, whose frames hold whom they were called on: the face, which is to be let go of.
    this.#endError = { code: error.code, message: error.message, cause: error.cause, exitCode: undefined }
    this.#rejectWaiters(error)
  }

  /** Ends every worker at once, also those that Rust still asks for. */
  terminate() {
    this.#isTerminated = true
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

/** An error that a worker tells of. */
function errorOf(description, classes) {
  try {
    return restore(description, classes)
  } catch (cause) {
    const message = `What a worker says of its error cannot be read: ${wordsOf(cause)}`
    return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause })
  }
}

/** Whether a worker is up, with its script. */
/** Nobody shares an error with others: each has a stack, and may have a task. */
function copyOf({ code, message, cause, exitCode }, task = undefined) {
  return new PoolError(code, message, { cause, task, exitCode })
}

const isReady = ({ up, failure }) => up && failure === undefined

module.exports = { Workers }
