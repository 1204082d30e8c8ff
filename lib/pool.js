'use strict'

// Held from the start: test runners replace the globals.
const { clearTimeout, setImmediate, setTimeout } = require('node:timers')
const native = require('./native.js')
const { deferred } = require('./deferred.js')
const { Emitter } = require('./emitter.js')
const { PoolError, addSubmitSite } = require('./errors.js')
const { Health, warningsOf } = require('./health.js')
const { Inbox } = require('./inbox.js')
const { Labels, nameOfTask } = require('./labels.js')
const {
  PRIORITY_OPTIONS,
  closeOptions,
  executeOptions,
  formOf,
  poolOptions,
  priorityOf,
  resizeOptions
} = require('./options.js')
const { RECORD } = require('./records.js')
const {
  CLOSING,
  TERMINATED,
  about,
  closedError,
  noThreadError,
  refusal,
  terminatedError
} = require('./refusals.js')
const { resolveScript } = require('./script.js')
const { Settlements } = require('./settlements.js')
const { Slots } = require('./slots.js')
const { describeStats } = require('./stats.js')
const { Submissions } = require('./submissions.js')
const { Workers } = require('./workers.js')

/** A timer set for longer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** A function that holds `wake` alone: one made in the constructor would hold the pool. */
const calling = (wake) => () => wake.drain()

/** See index.d.ts. */
class WorkerPool extends Emitter {
  #name
  #native
  /** What Rust calls; it lets go of the pool once that has ended. */
  #wake = { drain: () => {} }
  #slots = new Slots()
  #inbox = new Inbox(this.#slots, {
    settleRare: (record) => this.#receive(record),
    rest: () => this.#hold()
  })
  #labels
  #workers
  #submissions
  #settlements
  #health
  #defaults
  #sizes
  #held = false
  #needsDrain = false
  /**
   * Settles when everything has ended; made by the first close() or terminate(). `lingering` keeps alive, after a
   * termination, what native threads may still be reading.
   * @type {{ settled: boolean, lingering: any[], promise: Promise<any>, resolve: (value?: any) => void } | undefined}
   */
  #end = undefined
  #terminated = false

  constructor(scriptOrOptions, sizeOrOptions) {
    const { script, limits, name, resources, defaults, healthInterval } = poolOptions(
      ...formOf(scriptOrOptions, sizeOrOptions)
    )
    super(() => this.#heed())
    const path = script === undefined ? undefined : resolveScript(script)
    const { minWorkers, maxWorkers, nativeThreads, startTimeout } = limits
    this.#name = name
    this.#defaults = defaults
    this.#sizes = { minWorkers, maxWorkers, nativeThreads }
    this.#wake.drain = () => this.#inbox.drain()
    this.#native = new native.NativePool(
      {
        ...limits,
        ...defaults,
        nativeMemory: Number.POSITIVE_INFINITY,
        retries: nativeRetries(defaults.retries),
        name
      },
      calling(this.#wake),
      Submissions.memory,
      Inbox.memory
    )
    const [submit, submitNative, drain] = this.#native.functions()
    this.#inbox.connect(this.#native, drain)
    this.#labels = new Labels(this.#native, path)
    this.#workers = new Workers(
      {
        pool: this.#native.number,
        script: path,
        name,
        resources,
        places: limits.concurrentTasksPerWorker,
        largestHeap: limits.maxHeapBeforeRecycle,
        mayStop: defaults.timeout < Number.POSITIVE_INFINITY,
        isKept: limits.keepWorkerAfterStop,
        startTimeout
      },
      {
        remains: (id) => this.#native.workerRemains(id),
        gone: (id) => this.#workerGone(id),
        fail: (error) => this.#rejectWaiting(error),
        hold: () => this.#hold(),
        say: (event, news) => this.#say(event, news),
        died: () => this.#health.death(Date.now())
      }
    )
    const parts = { slots: this.#slots, labels: this.#labels, workers: this.#workers }
    this.#submissions = new Submissions(
      this.#native,
      { submit, submitNative },
      parts,
      { expect: () => this.#expect(), hold: () => this.#hold(), full: () => this.#full() },
      { maxQueue: limits.maxQueue, defaults }
    )
    const nameOf = (slot) => this.#submissions.nameOf(slot)
    const later = this.#inbox.later.bind(this.#inbox)
    this.#settlements = new Settlements(
      this.#native,
      parts,
      { nameOf, later, hold: () => this.#hold() },
      defaults
    )
    this.#health = new Health(Math.min(healthInterval, LONGEST_TIMER), () => this.#reportHealth())
    if (minWorkers > 0) setImmediate(() => this.#native.hireMinimum()).unref()
  }

  execute(task, input, options) {
    try {
      const refused = this.#refusal(task)
      if (refused !== undefined) return refused
      if (options === undefined) return this.#submissions.submit(task, input, 0, undefined)
      const given = executeOptions(options, this.#defaults)
      return this.#submissions.submit(task, input, given.priority, given)
    } catch (error) {
      return Promise.reject(about(task, error))
    }
  }

  run(input, options) {
    return this.execute('default', input, options)
  }

  priority(level, task, input, options) {
    try {
      const refused = this.#refusal(task)
      if (refused !== undefined) return refused
      const priority = priorityOf(level)
      const given =
        options === undefined ? undefined : executeOptions(options, this.#defaults, PRIORITY_OPTIONS)
      return this.#submissions.submit(task, input, priority, given)
    } catch (error) {
      return Promise.reject(about(task, error))
    }
  }

  /** Before anything is taken from the caller that a refused task would not give back. */
  #refusal(task) {
    if (this.#end === undefined) return undefined
    return Promise.reject(refusal(this.#terminated ? TERMINATED : CLOSING, nameOfTask(task)))
  }

  /** A task has been submitted. */
  #expect() {
    if (!this.#held) this.#hold()
    this.#inbox.watch()
  }

  /** Keeps the process alive as long as anything is unsettled. */
  #hold() {
    const needed =
      this.#slots.count > 0 || this.#workers.awaited || (this.#end !== undefined && !this.#end.settled)
    if (needed !== this.#held) this.#native.hold((this.#held = needed))
  }

  // ---- what comes back

  #receive(record) {
    const { kind, slot, number } = record
    switch (kind) {
      case RECORD.DELIVER:
        return this.#inbox.later(() => this.#submissions.deliverLate(slot, number))
      case RECORD.HIRE:
        return this.#inbox.later(() => (slot === 0 ? this.#startWorker(number) : this.#startThread(number)))
      case RECORD.KILL:
        return this.#inbox.later(() => this.#workers.kill(number))
      case RECORD.CARGO_DROPPED:
        return void this.#workers.receive(number) // nobody's, and the next must not be taken for it
      case RECORD.DRAINED:
        return this.#drained()
      case RECORD.ENDED:
        return this.#ended()
      default:
        return this.#settlements.settle(record)
    }
  }

  #startWorker(id) {
    if (this.#terminated) this.#native.workerGone(id, false)
    else this.#workers.start(id)
  }

  #startThread(id) {
    if (!this.#native.startThread(id)) this.#submissions.withdrawAll((label) => label < 0, noThreadError)
  }

  /** Settles what a lost worker leaves behind. */
  #workerGone(id) {
    this.#inbox.drainAll() // what it had finished
    this.#native.workerGone(id, true)
    this.#inbox.drainAll() // what it had not, and who takes its place
  }

  /** No worker can start: the tasks that wait for one are told why. */
  #rejectWaiting(error) {
    const { code, message, cause } = error
    const errorOf = (task) => new PoolError(code, message, { cause, task })
    this.#submissions.withdrawAll((label) => label >= 0, errorOf)
  }

  // ---- watching

  get needsDrain() {
    return this.#needsDrain
  }

  /** The queue is as long as it may be. */
  #full() {
    if (this.#needsDrain) return
    this.#needsDrain = true
    this.#say('needsDrain')
  }

  #drained() {
    this.#needsDrain = false
    this.#say('drain')
  }

  /** Tells who listens, in a turn of their own: what they throw is theirs. */
  #say(event, news = undefined) {
    if (this.listenerCount(event) > 0) setImmediate(() => this.#emit(event, news))
  }

  #emit(event, news) {
    if (this.listenerCount(event) === 0) return // an 'error' that nobody hears would be thrown
    if (news === undefined) this.emit(event)
    else this.emit(event, news)
  }

  #reportHealth() {
    const figures = JSON.parse(this.#native.stats())
    const nameOf = (kind, label) => this.#nameOfLabel(kind, label)
    const warnings = warningsOf(figures, this.#health.deaths, Date.now(), nameOf)
    const status = warnings.length > 0 ? 'warning' : 'ok'
    this.#emit('health', { status, warnings, stats: describeStats(this.#name, figures, nameOf) })
  }

  /** Watches over the pool's health while somebody listens. */
  #heed() {
    if (this.listenerCount('health') === 0) this.#health.rest()
    else if (this.#end === undefined) this.#health.watch()
  }

  #nameOfLabel(kind, label) {
    return kind === 'native' ? native.nameOf(label) : this.#labels.name(label)
  }

  stats() {
    const figures = JSON.parse(this.#native.stats())
    return describeStats(this.#name, figures, (kind, label) => this.#nameOfLabel(kind, label))
  }

  // ---- size

  ready() {
    return this.#atLeast(this.#sizes.minWorkers, Number.POSITIVE_INFINITY)
  }

  resize(options) {
    try {
      const sizes = resizeOptions(options, this.#sizes)
      if (this.#end === undefined) {
        this.#sizes = sizes
        this.#native.resize(sizes.minWorkers, sizes.maxWorkers, sizes.nativeThreads)
        this.#workers.relax(sizes.minWorkers, sizes.maxWorkers)
      }
      return this.#atLeast(sizes.minWorkers, sizes.maxWorkers)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Resolves when so many workers are up, and no more than `most` are there. */
  #atLeast(least, most) {
    if (this.#end !== undefined) {
      return Promise.reject(
        this.#terminated ? terminatedError() : closedError('The pool is closed; make another one')
      )
    }
    this.#native.hireMinimum()
    this.#inbox.drainAll()
    return this.#workers.within(least, most).then(undefined, addSubmitSite)
  }

  // ---- the end

  close(options = {}) {
    let given
    try {
      given = closeOptions(options)
    } catch (error) {
      return Promise.reject(error)
    }
    const { promise } = this.#finish(closedError('The pool was closed before its workers were up'))
    if (!this.#terminated) {
      if (given.cancelQueued) this.#submissions.withdrawAll(() => true, cancelledError)
      this.#native.close()
      if (given.timeout !== undefined && given.timeout <= LONGEST_TIMER) {
        const timer = setTimeout(() => {
          this.terminate()
        }, given.timeout)
        promise.then(() => clearTimeout(timer))
      }
    }
    return promise
  }

  terminate() {
    const end = this.#finish(terminatedError())
    if (!this.#terminated && !end.settled) {
      this.#terminated = true
      end.lingering = [...this.#slots.kept]
      this.#native.terminate()
      for (const slot of this.#slots.openSlots())
        this.#slots.reject(slot, terminatedError(this.#submissions.nameOf(slot)))
      this.#workers.terminate()
    }
    return end.promise
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }

  /** The promise of the end; from now on the process stays alive until it settles. */
  #finish(error) {
    if (this.#end === undefined) {
      this.#end = { settled: false, lingering: [], ...deferred() }
      this.#workers.end(error)
      this.#hold()
    }
    return this.#end
  }

  async #ended() {
    const end = this.#end
    this.#health.rest()
    this.#native.release()
    this.#wake.drain = () => {}
    if (end === undefined) return
    end.lingering = []
    await this.#workers.gone() // those that were ended by force, too
    end.settled = true
    this.#hold()
    // After the handlers of results that came in the same batch.
    setImmediate(end.resolve)
  }
}

function cancelledError(task) {
  const message = `The task '${task}' was cancelled in the queue, as close() was called with 'cancelQueued'; call close() without it to let queued tasks run`
  return new PoolError('ERR_POOL_CLOSED', message, { task })
}

/** Retries as the addon takes them. */
function nativeRetries(retries) {
  if (retries === undefined) return undefined
  const { max, delay, delays = [delay], factor, maxDelay, jitter, when } = retries
  return { max, delays, factor, maxDelay, jitter, ask: when !== undefined }
}

module.exports = { WorkerPool }
