'use strict'

const addon = require('./addon.js')
const { PoolError, wordsOf } = require('./errors.js')
const { closeOptions, formOf, poolOptions, resizeOptions } = require('./options/pool.js')
const { resolveScript } = require('./options/script-path.js')
const { executeOptions, withPriority } = require('./options/task.js')
const { Backpressure } = require('./owner/backpressure.js')
const { Delivery } = require('./owner/delivery.js')
const { Emitter } = require('./owner/emitter.js')
const { Figures } = require('./owner/figures.js')
const { Health } = require('./owner/health.js')
const { Hold } = require('./owner/hold.js')
const { Inbox } = require('./owner/inbox.js')
const { Life } = require('./owner/life.js')
const { Names, nameOfTask } = require('./owner/names.js')
const { News } = require('./owner/news.js')
const { about, brokenError, closedError, refusal, terminatedError, wrong } = require('./owner/refusals.js')
const { Retries } = require('./owner/retries.js')
const { Scope } = require('./owner/scope.js')
const { Settle } = require('./owner/settle.js')
const { Submit } = require('./owner/submit.js')
const { asCallers } = require('./owner/submit-site.js')
const { Tasks } = require('./owner/tasks.js')
const { Withdrawals } = require('./owner/withdraw.js')
const { Workers } = require('./owner/workers.js')
const { ANSWER } = require('./wire/layout.js')

// What Rust and running workers hold must not hold the pool's face, so that one that nobody else holds is collected: its
// parts know it weakly, and nothing that they are given is made in the constructor, where all functions share `this`.
// The face of a pool that has something to do is held in lib/owner/hold.js.
const calling = (wake) => () => wake.drain()
const nothing = () => {}
/** What tools that look for what keeps a process alive ask the resource of a pool. */
const resourceOf = (wake) => ({ hasRef: () => wake.hasRef() })
const never = () => false

/** Ends pools that nobody holds. */
const abandoned = new FinalizationRegistry((/** @type {InstanceType<typeof Life>} */ life) => life.abandon())

/** Rust's side of a pool, with the functions on its hot path. */
function makeNative(options, wake) {
  try {
    const { memory: outbound } = Submit
    const native = new addon.NativePool(options, calling(wake), resourceOf(wake), outbound, Inbox.memory)
    const [submit, submitNative, drain] = native.functions()
    return { native, submit, submitNative, drain }
  } catch (cause) {
    const message = `The pool cannot be made, as the runtime refuses what it needs: ${wordsOf(cause)}; make fewer of them, or free some memory`
    throw new PoolError('ERR_OUT_OF_MEMORY', message, { cause })
  }
}

/**
 * The parts of a pool; who uses which is in lib/owner/parts.d.ts.
 * @param {any} options
 * @param {WeakRef<WorkerPool>} face
 */
function makeParts({ limits, name, path, resources, defaults, healthInterval, errorClasses }, face) {
  /** What Rust calls; it lets go of the parts once the pool has ended. */
  const wake = { drain: nothing, hasRef: never }
  const options = { ...limits, ...defaults, retries: nativeRetries(defaults.retries), name }
  const { native, submit, submitNative, drain } = makeNative(options, wake)
  const names = new Names(native, path)
  const tasks = new Tasks(names)
  const hold = new Hold(native, tasks, face)
  const scope = new Scope('ThreadmillPool')
  const news = new News(face, scope)
  const inbox = new Inbox(native, drain, { tasks, hold })
  const withdrawals = new Withdrawals(native, { tasks, hold })
  const settings = {
    pool: native.number,
    script: path,
    name,
    resources,
    places: limits.concurrentTasksPerWorker,
    largestHeap: limits.maxHeapBeforeRecycle,
    mayStop: defaults.timeout < Number.POSITIVE_INFINITY,
    isKept: limits.keepWorkerAfterStop,
    startTimeout: limits.startTimeout,
    errorClasses
  }
  const workers = new Workers(native, settings, { tasks, inbox, withdrawals, hold, news, scope })
  withdrawals.connect(workers)
  const delivery = new Delivery(native, { tasks, workers, hold })
  const backpressure = new Backpressure(news)
  const retries = new Retries(native, { tasks, hold }, defaults)
  const figures = new Figures(native, name, names)
  const health = new Health(healthInterval, scope, () =>
    news.sayNow('health', figures.health(workers.deaths))
  )
  const life = new Life(native, { tasks, workers, withdrawals, hold, news }, () => {
    wake.drain = nothing
    wake.hasRef = never
    health.rest()
  })
  inbox.connect(
    new Settle(
      native,
      { tasks, workers, delivery, retries, withdrawals, backpressure, life },
      defaults,
      errorClasses
    )
  )
  wake.drain = () => inbox.drain()
  wake.hasRef = () => hold.isHeld
  const submitting = new Submit(
    native,
    { submit, submitNative },
    { names, tasks, workers, delivery, withdrawals, inbox, hold, backpressure },
    { maxQueue: limits.maxQueue, defaults }
  )
  return { native, backpressure, figures, health, inbox, life, workers, submit: submitting }
}

/** See index.d.ts. What the parts are for is in ./README.md. */
class WorkerPool extends Emitter {
  #native
  #backpressure
  #figures
  #health
  #inbox
  #life
  #submit
  #workers
  #defaults
  #sizes
  #spares

  constructor(scriptOrOptions, sizeOrOptions) {
    const { path, limits, name, resources, defaults, healthInterval, errorClasses } = settingsOf(
      scriptOrOptions,
      sizeOrOptions
    )
    super(() => this.#heed())
    const { minWorkers, maxWorkers, nativeThreads, spareWorkers } = limits
    this.#defaults = defaults
    this.#sizes = { minWorkers, maxWorkers, nativeThreads }
    this.#spares = spareWorkers

    const parts = makeParts(
      { limits, name, path, resources, defaults, healthInterval, errorClasses },
      new WeakRef(this)
    )
    this.#native = parts.native
    this.#backpressure = parts.backpressure
    this.#figures = parts.figures
    this.#health = parts.health
    this.#inbox = parts.inbox
    this.#life = parts.life
    this.#workers = parts.workers
    this.#submit = parts.submit
    abandoned.register(this, parts.life)
    if (minWorkers + spareWorkers > 0) parts.native.hireMinimum()
  }

  execute(task, input, options) {
    return this.#execute(task, input, options, execute)
  }

  run(input, options) {
    return this.#isPlain
      ? this.#execute('default', input, options, run)
      : this.execute('default', input, options)
  }

  priority(level, task, input, options) {
    let given
    try {
      given = withPriority(level, options)
    } catch (error) {
      return Promise.reject(about(task, error, priority))
    }
    return this.#isPlain ? this.#execute(task, input, given, priority) : this.execute(task, input, given)
  }

  /** Whether nobody has overridden `execute`, which the others go through then: their frames would stand above the caller's. */
  get #isPlain() {
    return this.execute === execute
  }

  /** Runs a task; errors about its arguments begin where `call`, the user's, was called. */
  #execute(task, input, options, call) {
    try {
      if (!this.#life.isOpen) throw this.#refusal(task)
      if (options === undefined) return this.#submit.submit(task, input, 0, undefined)
      const given = executeOptions(options, this.#defaults)
      return this.#submit.submit(task, input, given.priority, given.isPlain ? undefined : given)
    } catch (error) {
      return Promise.reject(about(task, error, call))
    }
  }

  /** Before anything is taken from the caller that a refused task would not give back. */
  #refusal(task) {
    const failure = this.#native.failure() ?? undefined
    let answer = this.#life.isTerminated ? ANSWER.TERMINATED : ANSWER.CLOSING
    if (failure !== undefined) answer = ANSWER.BROKEN
    return refusal(answer, nameOfTask(task), { failure })
  }

  // ---- watching

  get needsDrain() {
    return this.#backpressure.isHigh
  }

  /** Watches over the pool's health while somebody listens. */
  #heed() {
    if (this.listenerCount('health') === 0) this.#health.rest()
    else if (this.#life.isOpen) this.#health.watch()
  }

  stats() {
    return this.#figures.stats()
  }

  // ---- size

  ready() {
    return this.#atLeast(this.#sizes.minWorkers, Number.POSITIVE_INFINITY, ready)
  }

  resize(options) {
    try {
      const sizes = resizeOptions(options, this.#sizes)
      if (this.#life.isOpen) {
        this.#sizes = sizes
        this.#native.resize(sizes.minWorkers, sizes.maxWorkers, sizes.nativeThreads)
        this.#workers.relax(sizes.minWorkers + this.#spares, sizes.maxWorkers + this.#spares)
      }
      return this.#atLeast(sizes.minWorkers, sizes.maxWorkers, resize)
    } catch (error) {
      return Promise.reject(wrong(error, resize))
    }
  }

  /** Resolves when so many workers are up besides those in reserve, and no more than `most` are there. */
  #atLeast(least, most, call) {
    if (!this.#life.isOpen) {
      const failure = this.#native.failure()
      if (failure !== null) return Promise.reject(wrong(brokenError(failure), call))
      const error = this.#life.isTerminated
        ? terminatedError()
        : closedError('The pool is closed; make another one')
      return Promise.reject(wrong(error, call))
    }
    this.#native.hireMinimum()
    this.#inbox.drainAll()
    return asCallers(this.#workers.within(least + this.#spares, most + this.#spares, call.name))
  }

  // ---- the end

  close(options = {}) {
    try {
      return this.#life.close(closeOptions(options))
    } catch (error) {
      return Promise.reject(wrong(error, close))
    }
  }

  terminate() {
    return this.#life.terminate()
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }
}

/** Where errors about arguments begin. Not named within the class: a bundle would rename that. */
const { close, execute, priority, ready, resize, run } = WorkerPool.prototype

/** What the arguments of the constructor come to, once all of them are in order; `path` is that of the script. */
function settingsOf(scriptOrOptions, sizeOrOptions) {
  try {
    const settings = poolOptions(...formOf(scriptOrOptions, sizeOrOptions))
    return { ...settings, path: settings.script === undefined ? undefined : resolveScript(settings.script) }
  } catch (error) {
    throw wrong(error, WorkerPool)
  }
}

/** Retries as the addon takes them. */
function nativeRetries(retries) {
  if (retries === undefined) return undefined
  const { max, delay, delays = [delay], factor, maxDelay, jitter, when } = retries
  return { max, delays, factor, maxDelay, jitter, ask: when !== undefined }
}

module.exports = { WorkerPool }
