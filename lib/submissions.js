'use strict'

const native = require('./native.js')
const { nativeInput } = require('./buffers.js')
const { ARGUMENT, encode, encoded } = require('./codec.js')
const { PoolError, addSubmitSite, invalidValue, wordsOf } = require('./errors.js')
const { Kept } = require('./kept.js')
const { CANCEL, SUBMIT } = require('./records.js')
const { FULL, refusal } = require('./refusals.js')
const { Signals, reasonOf } = require('./signals.js')
const { checkTransferred } = require('./transferable.js')

// How tasks get to Rust: their input is encoded, or handed to the worker that waits for it; and how they are taken
// back.
class Submissions {
  #native
  #submitEncoded
  #submitToThread
  #outbound = encoded.bytes
  #slots
  #labels
  #workers
  #pool
  #limits
  /** Whether a task that says nothing of its own is asked about when it fails. */
  #asks
  #signals = new Signals((slot, signal) => this.#abort(slot, signal))
  /** Whether an input is being sent, which runs the getters in it. */
  #delivering = false

  /**
   * @param {any} addon the pool's NativePool
   * @param {{ submit: Function, submitNative: Function }} calls its functions on the hot path
   * @param {{ slots: InstanceType<typeof import('./slots.js').Slots>, labels: InstanceType<typeof import('./labels.js').Labels>, workers: InstanceType<typeof import('./workers.js').Workers> }} parts
   * @param {{ expect: () => void, hold: () => void, full: () => void }} pool what the pool is told
   * @param {{ maxQueue: number, defaults: import('./task-options.js').TaskDefaults }} limits
   */
  constructor(addon, { submit, submitNative }, { slots, labels, workers }, pool, limits) {
    this.#native = addon
    this.#submitEncoded = submit
    this.#submitToThread = submitNative
    this.#slots = slots
    this.#labels = labels
    this.#workers = workers
    this.#pool = pool
    this.#limits = limits
    this.#asks = limits.defaults.retries?.when !== undefined
  }

  /** Where arguments and messages are written from the start. */
  static get memory() {
    return encoded.bytes
  }

  /** Submits a task; `options` are undefined if it came with none. */
  submit(task, input, priority, options) {
    if (options?.signal?.aborted) return Promise.reject(reasonOf(options.signal))
    const number = typeof task === 'string' ? native.numberOf(task) : undefined
    return number === undefined
      ? this.#submitToWorker(this.#labels.of(task), input, priority, options)
      : this.#submitNative(task, number, input, priority, options)
  }

  #submitToWorker(label, input, priority, options) {
    const slots = this.#slots
    const transfer = options === undefined ? NONE : options.transfer
    if (transfer.length > 0 && options.ownRetries && options.retries !== undefined) {
      throw invalidValue(
        "The option 'transfer' excludes 'retries': what was transferred exists once and cannot be sent for another try; leave out one of them"
      )
    }
    const { shared } = this.#workers
    const fits = transfer.length === 0 && this.#encode(label, input, shared)
    const used = fits ? shared.takeUsed() : undefined
    let kept
    if (!fits || used !== undefined || options !== undefined || this.#asks) {
      kept = new Kept()
      kept.used = used
      kept.options = options
      if (options !== undefined) this.#workers.expectStops()
      if (!fits) this.#keepInput(label, kept, input, transfer)
    }
    if (options?.signal?.aborted) return Promise.reject(reasonOf(options.signal)) // by a getter in the input
    const promise = slots.open(label, kept)
    const slot = slots.last
    const flags = fits ? 0 : SUBMIT.NEEDS_DELIVERY
    const words = this.#argue(slot, label, priority, options, kept, flags)
    words[ARGUMENT.LENGTH] = fits ? encoded.byteLength : 0
    const text = fits ? encoded.text : ''
    const answer =
      options === undefined
        ? this.#submitEncoded(text)
        : this.#submitEncoded(text, delaysOf(options, kept), options.affinity)
    if (answer < 0) return this.#refuse(slot, answer)
    const worker = answer >> 2
    if ((answer & 2) !== 0) this.#pool.full()
    this.#pool.expect()
    if (!fits) this.#deliverOrKeep(slot, (answer & 1) === 1 ? worker : 0)
    if (worker > 0 && (answer & 1) === 0) this.#workers.start(worker)
    return promise.then(undefined, addSubmitSite)
  }

  #submitNative(task, number, input, priority, options) {
    const slots = this.#slots
    const transfer = options === undefined ? NONE : options.transfer
    // Before anything is taken from the caller that a refused task would not give back.
    if (transfer.length > 0 && this.#limits.maxQueue < Number.POSITIVE_INFINITY && this.#native.isFull(true))
      return Promise.reject(refusal(FULL, task, this.#limits.maxQueue))
    const { options: text, attachments, modes, returns } = nativeInput(task, input, transfer)
    if (options?.signal?.aborted) return Promise.reject(reasonOf(options.signal)) // by a getter in the input
    let kept
    if (attachments.length > 0 || options !== undefined || this.#asks) {
      kept = new Kept()
      kept.attachments = attachments
      kept.returns = returns
      kept.options = options
    }
    const promise = slots.open(-1 - number, kept)
    const slot = slots.last
    this.#argue(slot, number, priority, options, kept, 0)
    const answer =
      kept === undefined
        ? this.#submitToThread(text)
        : this.#submitToThread(text, attachments, modes, delaysOf(options, kept))
    if (answer < 0) return this.#refuse(slot, answer)
    if ((answer & 2) !== 0) this.#pool.full()
    this.#pool.expect()
    return promise.then(undefined, addSubmitSite)
  }

  /** Whether Rust can carry the input, which is then in `encoded`. */
  #encode(label, input, shared) {
    try {
      return encode(input, shared.share)
    } catch (cause) {
      const task = this.#labels.name(label)
      const message = `The input of the task '${task}' cannot be copied, as reading it threw: ${wordsOf(cause)}`
      throw new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
    }
  }

  /** The input of a task that may be tried again is copied now: its owner may change it meanwhile. */
  #keepInput(label, kept, input, transfer) {
    kept.input = input
    kept.transfer = transfer
    const retries = kept.options === undefined ? this.#limits.defaults.retries : kept.options.retries
    if (retries === undefined || transfer.length > 0) return
    kept.again = true
    try {
      kept.input = structuredClone(input)
    } catch (cause) {
      throw this.#unsendable(this.#labels.name(label), cause)
    }
  }

  /** Writes the arguments of a submission where Rust reads them. */
  #argue(slot, label, priority, options, kept, flags) {
    if (encoded.bytes !== this.#outbound) {
      this.#outbound = encoded.bytes
      this.#native.useOutbound(this.#outbound)
    }
    const words = encoded.int32
    words[ARGUMENT.SLOT] = slot
    words[ARGUMENT.LABEL] = label
    words[ARGUMENT.FLAGS] = flags
    encoded.float64[ARGUMENT.PRIORITY] = priority
    if (options !== undefined) this.#argueLimits(slot, options, kept, words)
    return words
  }

  #argueLimits(slot, { timeout, queueTimeout, retries, signal }, kept, words) {
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
    if (signal !== undefined) {
      flags |= SUBMIT.STOPPABLE
      this.#watch(slot, signal, kept)
    }
    words[ARGUMENT.FLAGS] |= flags
  }

  #watch(slot, signal, kept) {
    try {
      this.#signals.watch(signal, slot)
      kept.signals = this.#signals
    } catch (cause) {
      this.#slots.close(slot)
      const message = `The option 'signal' cannot be listened to: ${wordsOf(cause)}`
      throw new PoolError('ERR_INVALID_ARG_VALUE', message, { cause })
    }
  }

  #refuse(slot, answer) {
    const task = this.nameOf(slot)
    this.#slots.close(slot)
    return Promise.reject(refusal(answer, task, this.#limits.maxQueue))
  }

  // ---- inputs that are sent to their worker

  /** Hands a task's input to the worker that waits for it, or keeps a copy until one does. */
  #deliverOrKeep(slot, worker) {
    const kept = /** @type {InstanceType<typeof Kept>} */ (this.#slots.kept[slot])
    try {
      if (worker > 0) this.#deliver(slot, worker)
      else if (!kept.again) takeCopy(kept)
    } catch (cause) {
      this.#sendFailed(slot, kept, cause)
    }
  }

  #deliver(slot, worker) {
    const kept = /** @type {InstanceType<typeof Kept>} */ (this.#slots.kept[slot])
    const { input, transfer } = kept
    if (this.#delivering) return this.#deliverNext(slot, worker, kept)
    this.#delivering = true
    try {
      this.#workers.deliver(worker, input, transfer)
    } finally {
      this.#delivering = false
    }
    checkTransferred(transfer)
    if (this.#slots.kept[slot] !== kept) return // a getter has aborted the task, and its slot may be another's
    if (!kept.again) {
      kept.input = undefined
      kept.transfer = NONE
    }
    this.#native.delivered(slot)
  }

  /**
   * A getter in an input that is being sent has submitted this task. If it has aborted the other, this one may go to
   * the same worker, which takes the input that comes last: so it goes after the other.
   */
  #deliverNext(slot, worker, kept) {
    if (!kept.again) takeCopy(kept)
    queueMicrotask(() => this.deliverLate(slot, worker))
  }

  /** A worker waits for the input of a task. */
  deliverLate(slot, worker) {
    if (!this.#native.awaits(slot, worker)) return
    const kept = this.#slots.kept[slot]
    try {
      this.#deliver(slot, worker)
    } catch (cause) {
      this.#sendFailed(slot, kept, cause)
    }
  }

  /** A task's input could not be sent: nobody runs it, and its caller is told why. */
  #sendFailed(slot, kept, cause) {
    if (this.#slots.kept[slot] !== kept) return // aborted by a getter that threw then
    const error = this.#unsendable(this.nameOf(slot), cause)
    // It may have waited too long meanwhile, or its worker died: then its record is on the way.
    if (this.#native.withdraw(slot)) this.#slots.reject(slot, error)
    else this.#slots.rejectEarly(slot, error)
    this.#pool.hold()
  }

  #unsendable(task, cause) {
    const message = `The input of the task '${task}' cannot be sent to a worker: ${wordsOf(cause)}`
    return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
  }

  nameOf(slot) {
    const label = this.#slots.labels[slot]
    return label < 0 ? native.nameOf(-1 - label) : this.#labels.name(label)
  }

  // ---- taken back

  /** A task's signal was aborted. */
  #abort(slot, signal) {
    const slots = this.#slots
    if (!slots.isOpen(slot) || slots.isSettled(slot)) return
    const answer = this.#native.cancel(slot)
    if (this.#takeFromAsked(slot) || answer === CANCEL.OUT) slots.reject(slot, reasonOf(signal))
    else if (answer === CANCEL.OVER) slots.rejectEarly(slot, reasonOf(signal))
    this.#pool.hold()
  }

  /** Takes back every task that does not run and that `isMeant`, with an error for each. */
  withdrawAll(isMeant, errorOf) {
    const slots = this.#slots
    for (const slot of slots.openSlots()) {
      if (slots.isSettled(slot) || !isMeant(slots.labels[slot])) continue
      if (this.#takeFromAsked(slot) || this.#native.withdraw(slot))
        slots.reject(slot, errorOf(this.nameOf(slot)))
    }
    this.#pool.hold()
  }

  /** Takes back a task whose `when` has been asked and has not answered; whether it is one. */
  #takeFromAsked(slot) {
    if (!this.#slots.kept[slot]?.isAsked) return false
    this.#native.decide(slot, false)
    return true
  }
}

/** @type {any[]} */
const NONE = []

/** The delays before retries, one at least; undefined if there are none. */
function delaysOf(options, kept) {
  const retries = options?.retries
  if (retries === undefined || kept.transfer.length > 0) return undefined
  return retries.delays ?? [retries.delay]
}

/** Copies what is to be sent later; its transferables are taken from their owner now. */
function takeCopy(kept) {
  const { input, transfer } = kept
  ;[kept.input, kept.transfer] = structuredClone([input, transfer], { transfer })
  checkTransferred(transfer)
}

module.exports = { Submissions }
