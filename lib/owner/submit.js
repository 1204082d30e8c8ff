'use strict'

const { PoolError, invalidValue, wordsOf } = require('../errors.js')
const { nativeInput } = require('../native/input.js')
const { encode, encoded, letGo } = require('../wire/encode.js')
const { ANSWER, ARGUMENT, SUBMIT } = require('../wire/layout.js')
const { nativeNumber } = require('./names.js')
const { refusal } = require('./refusals.js')
const { isAborted, reasonOf } = require('./signals.js')
const { Scope } = require('./scope.js')
const { asCallers } = require('./submit-site.js')
const { Kept } = require('./tasks.js')

/** @type {any[]} */
const NONE = []

// How tasks get to Rust: their input is encoded, or left to `delivery`; native tasks take options and bytes.
class Submit {
  #native
  #submitEncoded
  #submitToThread
  #outbound = encoded.bytes
  #names
  #tasks
  #workers
  #delivery
  #withdrawals
  #inbox
  #hold
  #backpressure
  #limits
  /** Whether a task that says nothing of its own is asked about when it fails. */
  #asks

  /**
   * @param {any} native the NativePool
   * @param {{ submit: Function, submitNative: Function }} calls its functions on the hot path
   * @param {Pick<import('./parts.js').Parts, 'names' | 'tasks' | 'workers' | 'delivery' | 'withdrawals' | 'inbox' | 'hold' | 'backpressure'>} parts
   * @param {{ maxQueue: number, defaults: import('../options/task.js').TaskDefaults }} limits
   */
  constructor(native, { submit, submitNative }, parts, limits) {
    this.#native = native
    this.#submitEncoded = submit
    this.#submitToThread = submitNative
    this.#names = parts.names
    this.#tasks = parts.tasks
    this.#workers = parts.workers
    this.#delivery = parts.delivery
    this.#withdrawals = parts.withdrawals
    this.#inbox = parts.inbox
    this.#hold = parts.hold
    this.#backpressure = parts.backpressure
    this.#limits = limits
    this.#asks = limits.defaults.retries?.when !== undefined
  }

  /** Where arguments and messages are written from the start. */
  static get memory() {
    return encoded.bytes
  }

  /** Submits a task; `options` are undefined if it came with none. */
  submit(task, input, priority, options) {
    if (isAborted(options?.signal)) return Promise.reject(reasonOf(options.signal))
    const label = this.#names.of(task)
    label.tasks++ // until it is submitted: code of the user's that runs meanwhile may use up all labels there may be
    try {
      if (options?.signal === undefined) return this.#submit(label, input, priority, options)
      return this.#withdrawals.listening(options.signal, () => this.#submit(label, input, priority, options))
    } finally {
      this.#names.release(label)
    }
  }

  #submit(label, input, priority, options) {
    return label.number < 0
      ? this.#submitNative(label, input, priority, options)
      : this.#submitToWorker(label, input, priority, options)
  }

  #submitToWorker(label, input, priority, options) {
    const tasks = this.#tasks
    const transfer = options === undefined ? NONE : options.transfer
    if (transfer.length > 0 && options.ownRetries && options.retries !== undefined) {
      throw invalidValue(
        "The option 'transfer' excludes 'retries': what was transferred exists once and cannot be sent for another try; leave out one of them"
      )
    }
    const { shared } = this.#workers
    const outer = shared.encoding()
    let fits = false
    let named
    try {
      fits = transfer.length === 0 && this.#encode(label, input, shared)
    } finally {
      named = shared.encoded(outer, fits)
    }
    let kept
    if (!fits || named !== undefined || options !== undefined || this.#asks) {
      kept = new Kept()
      kept.named = named
      kept.options = options
      if (this.#isAskedAbout(options)) kept.scope = new Scope('ThreadmillTask')
      if (options !== undefined) this.#workers.expectStops()
      if (!fits) {
        const retries = options === undefined ? this.#limits.defaults.retries : options.retries
        this.#delivery.keep(kept, input, transfer, retries !== undefined, label.name)
      }
    }
    // By a getter in the input.
    if (isAborted(options?.signal)) {
      named?.release()
      letGo()
      return Promise.reject(reasonOf(options.signal))
    }
    const promise = tasks.open(label, kept)
    const slot = tasks.last
    if (options?.signal !== undefined) this.#withdrawals.watch(slot, kept)
    const flags = fits ? 0 : SUBMIT.NEEDS_DELIVERY
    const words = this.#argue(slot, label.number, priority, options, flags)
    words[ARGUMENT.LENGTH] = fits ? encoded.byteLength : 0
    const text = fits ? encoded.text : ''
    let answer
    try {
      answer =
        options === undefined
          ? this.#submitEncoded(text)
          : this.#submitEncoded(text, delaysOf(options, kept), options.affinity)
    } catch (error) {
      tasks.close(slot) // it never came to Rust
      throw error
    } finally {
      if (letGo()) this.#agree()
    }
    if (answer < 0) this.#refuse(slot, answer)
    const worker = answer >> ANSWER.WORKER_SHIFT
    const delivers = (answer & ANSWER.DELIVER) !== 0
    this.#submitted(answer)
    if (worker > 0 && !delivers) this.#workers.start(worker)
    // Not if no worker can be started, and the task has been given up: then it keeps what it was to hand over.
    if (!fits && tasks.kept[slot] === kept) this.#delivery.begin(slot, delivers ? worker : 0)
    return asCallers(promise)
  }

  #submitNative(label, input, priority, options) {
    const tasks = this.#tasks
    const number = nativeNumber(label.number)
    const transfer = options === undefined ? NONE : options.transfer
    const taking = nativeInput(number, input, transfer)
    // The input's getters have run: no code of the user's does from here on. Whatever may refuse the task is asked now,
    // before anything is taken from the caller that a refused task would not give back.
    if (isAborted(options?.signal)) return Promise.reject(reasonOf(options.signal))
    const isAdmitted = transfer.length > 0
    taking.lend()
    const { options: text, attachments, modes, returns } = taking
    if (isAdmitted) this.#take(taking, label.name)
    let kept
    if (attachments.length > 0 || options !== undefined || this.#asks) {
      kept = new Kept()
      kept.attachments = attachments
      kept.returns = returns
      kept.options = options
      if (this.#isAskedAbout(options)) kept.scope = new Scope('ThreadmillTask')
    }
    const promise = tasks.open(label, kept)
    const slot = tasks.last
    if (options?.signal !== undefined) this.#withdrawals.watch(slot, kept)
    this.#argue(slot, number, priority, options, isAdmitted ? SUBMIT.ADMITTED : 0)
    let answer
    try {
      answer =
        kept === undefined
          ? this.#submitToThread(text)
          : this.#submitToThread(text, attachments, modes, delaysOf(options, kept))
    } catch (error) {
      tasks.close(slot) // it never came to Rust
      throw error
    }
    if (answer < 0) this.#refuse(slot, answer)
    this.#submitted(answer)
    return asCallers(promise)
  }

  /** Takes a native task's buffers from their owner once everything that it needs besides is at hand. */
  #take(taking, task) {
    const refused = this.#native.admit(taking.attachments, taking.modes)
    if (refused < 0) throw this.#refusal(refused, task)
    try {
      taking.take()
    } catch (error) {
      this.#native.dismiss()
      throw error
    }
  }

  /** Whether `when` is asked if the task fails. */
  #isAskedAbout(options) {
    return options === undefined ? this.#asks : options.retries?.when !== undefined
  }

  /** Rust has accepted a task. */
  #submitted(answer) {
    if ((answer & ANSWER.IS_FULL) !== 0) this.#backpressure.full()
    this.#hold.keep()
    this.#inbox.watch()
  }

  /** Whether Rust can carry the input, which is then in `encoded`. */
  #encode(label, input, shared) {
    try {
      return encode(input, shared.share)
    } catch (cause) {
      letGo()
      const task = label.name
      const message = `The input of the task '${task}' cannot be copied, as reading it threw: ${wordsOf(cause)}`
      throw new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
    }
  }

  /** Writes the arguments of a submission where Rust reads them. */
  #argue(slot, number, priority, options, flags) {
    if (encoded.bytes !== this.#outbound) this.#agree()
    const words = encoded.int32
    words[ARGUMENT.SLOT] = slot
    words[ARGUMENT.LABEL] = number
    words[ARGUMENT.FLAGS] = flags
    encoded.float64[ARGUMENT.PRIORITY] = priority
    if (options !== undefined) argueLimits(options, words)
    return words
  }

  /** Rust has to read what is written. */
  #agree() {
    this.#outbound = encoded.bytes
    this.#native.useOutbound(this.#outbound)
  }

  /** @returns {never} */
  #refuse(slot, answer) {
    const task = this.#tasks.nameOf(slot)
    this.#tasks.close(slot)
    throw this.#refusal(answer, task)
  }

  #refusal(answer, task) {
    const { maxQueue } = this.#limits
    const failure = answer === ANSWER.BROKEN ? this.#native.failure() : undefined
    return refusal(answer, task, { maxQueue, failure })
  }
}

/** Writes a task's own limits where Rust reads them. No code of the user's runs meanwhile. */
function argueLimits({ timeout, queueTimeout, retries, signal }, words) {
  const numbers = encoded.float64
  let flags = SUBMIT.LIMITS
  numbers[ARGUMENT.TIMEOUT] = timeout
  numbers[ARGUMENT.QUEUE_TIMEOUT] = queueTimeout
  words[ARGUMENT.RETRIES] = 0
  if (retries !== undefined) {
    words[ARGUMENT.RETRIES] = retries.max
    numbers[ARGUMENT.FACTOR] = retries.factor
    numbers[ARGUMENT.LONGEST_DELAY] = retries.maxDelay
    if (retries.jitter) flags |= SUBMIT.JITTER
    if (retries.when !== undefined) flags |= SUBMIT.ASK
  }
  if (signal !== undefined) flags |= SUBMIT.STOPPABLE
  words[ARGUMENT.FLAGS] |= flags
}

/** The delays before retries, one at least; undefined if there are none. */
function delaysOf(options, kept) {
  const retries = options?.retries
  if (retries === undefined || kept.transfer.length > 0) return undefined
  return retries.delays ?? [retries.delay]
}

module.exports = { Submit }
