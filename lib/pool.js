'use strict'

// Held from the start: test runners replace the globals.
const { clearTimeout, setImmediate, setTimeout } = require('node:timers')
const native = require('./native.js')
const { ARGUMENT, encode, encoded, decode } = require('./codec.js')
const { nativeInput } = require('./buffers.js')
const { deferred } = require('./deferred.js')
const { Inbox } = require('./inbox.js')
const { PoolError, addSubmitSite, restore } = require('./errors.js')
const {
  PRIORITY_OPTIONS,
  closeOptions,
  executeOptions,
  formOf,
  poolOptions,
  priorityOf
} = require('./options.js')
const { RECORD } = require('./records.js')
const { CLOSING, TERMINATED, about, closedError, refusal, terminatedError } = require('./refusals.js')
const { resolveScript } = require('./script.js')
const { Slots } = require('./slots.js')
const { checkTransferred } = require('./transferable.js')
const { describeStats } = require('./stats.js')
const { Labels, nameOfTask } = require('./labels.js')
const { Workers } = require('./workers.js')

/** The flag of a task whose input is sent over its worker's port. */
const NEEDS_DELIVERY = 1

/** A timer set for longer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

const ORDINARY = { priority: 0, transfer: [] }

/** A function that holds `wake` alone: one made in the constructor would hold the pool. */
const calling = (wake) => () => wake.drain()

/** See index.d.ts. */
class WorkerPool {
  #name
  #native
  /** The addon's functions that are called for each task, or each batch of them. */
  #submitEncoded
  #submitToThread
  #outbound = encoded.bytes
  /** What Rust calls; it lets go of the pool once that has ended. */
  #wake = { drain: () => {} }
  #slots = new Slots()
  #inbox = new Inbox(this.#slots, {
    settleRare: (record) => this.#settleRare(record),
    rest: () => this.#hold()
  })
  #labels
  #workers
  #held = false
  /** Settles when everything has ended; made by the first close() or terminate(). */
  /**
   * `lingering` keeps alive, after a termination, what native threads may still be reading.
   * @type {{ settled: boolean, lingering: any[], promise: Promise<any>, resolve: (value?: any) => void } | undefined}
   */
  #end = undefined
  #terminated = false

  constructor(scriptOrOptions, sizeOrOptions) {
    const { script, limits, name, resources } = poolOptions(...formOf(scriptOrOptions, sizeOrOptions))
    const module = script === undefined ? undefined : resolveScript(script)
    this.#name = name
    this.#wake.drain = () => this.#inbox.drain()
    this.#native = new native.NativePool(
      { ...limits, name },
      calling(this.#wake),
      this.#outbound,
      Inbox.memory
    )
    const [submit, submitNative, drain] = this.#native.functions()
    this.#submitEncoded = submit
    this.#submitToThread = submitNative
    this.#inbox.connect(this.#native, drain)
    this.#labels = new Labels(this.#native, module)
    this.#workers = new Workers(
      { pool: this.#native.number, script: module, name, resources, minimum: limits.minWorkers },
      {
        hire: () => this.#native.hireMinimum(),
        gone: (id, replace) => this.#workerGone(id, replace),
        fail: (error) => this.#rejectWaiting(error),
        hold: () => this.#hold()
      }
    )
    if (limits.minWorkers > 0) this.#workers.startMinimum()
  }

  execute(task, input, options) {
    try {
      const { priority, transfer } = options === undefined ? ORDINARY : executeOptions(options)
      return this.#execute(task, input, priority, transfer)
    } catch (error) {
      return Promise.reject(about(task, error))
    }
  }

  run(input, options) {
    return this.execute('default', input, options)
  }

  priority(level, task, input, options) {
    try {
      const priority = priorityOf(level)
      const { transfer } = options === undefined ? ORDINARY : executeOptions(options, PRIORITY_OPTIONS)
      return this.#execute(task, input, priority, transfer)
    } catch (error) {
      return Promise.reject(about(task, error))
    }
  }

  #execute(task, input, priority, transfer) {
    // Before anything is taken from the caller that a refused task would not give back.
    if (this.#end !== undefined)
      return Promise.reject(refusal(this.#terminated ? TERMINATED : CLOSING, nameOfTask(task)))
    const number = typeof task === 'string' ? native.numberOf(task) : undefined
    return number === undefined
      ? this.#submit(this.#labels.of(task), input, priority, transfer)
      : this.#submitNative(task, number, input, priority, transfer)
  }

  #submit(label, input, priority, transfer) {
    const slots = this.#slots
    const shared = this.#workers.shared
    let fits
    try {
      fits = transfer.length === 0 && encode(input, shared.share)
    } catch (cause) {
      const task = this.#labels.name(label)
      const message = `The input of the task '${task}' cannot be copied, as reading it threw: ${cause?.message ?? cause}`
      throw new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
    }
    const promise = slots.open(label, fits ? shared.takeUsed() : { input, transfer })
    const slot = slots.last
    const words = this.#argue(slot, label, priority)
    words[ARGUMENT.FLAGS] = fits ? 0 : NEEDS_DELIVERY
    words[ARGUMENT.LENGTH] = fits ? encoded.byteLength : 0
    const answer = this.#submitEncoded(fits ? encoded.text : '')
    if (answer < 0) return this.#refuse(slot, answer)
    this.#expect()
    const worker = answer >> 1
    if (!fits) this.#deliverOrKeep(slot, (answer & 1) === 1 ? worker : 0)
    if (worker > 0 && (answer & 1) === 0) this.#workers.start(worker)
    return promise.then(undefined, addSubmitSite)
  }

  #submitNative(task, number, input, priority, transfer) {
    const { options, attachments, modes, returns } = nativeInput(task, input, transfer)
    const slots = this.#slots
    const kept = attachments.length > 0 ? { attachments, returns } : undefined
    const promise = slots.open(-1 - number, kept)
    const slot = slots.last
    this.#argue(slot, number, priority)
    const answer =
      attachments.length === 0
        ? this.#submitToThread(options)
        : this.#submitToThread(options, attachments, modes)
    if (answer < 0) return this.#refuse(slot, answer)
    this.#expect()
    return promise.then(undefined, addSubmitSite)
  }

  /** Writes the arguments of a submission where Rust reads them. */
  #argue(slot, label, priority) {
    if (encoded.bytes !== this.#outbound) {
      this.#outbound = encoded.bytes
      this.#native.useOutbound(this.#outbound)
    }
    const words = encoded.int32
    words[ARGUMENT.SLOT] = slot
    words[ARGUMENT.LABEL] = label
    encoded.float64[ARGUMENT.PRIORITY] = priority
    return words
  }

  #refuse(slot, answer) {
    const task = this.#nameOf(slot)
    this.#slots.close(slot)
    const error = refusal(answer, task)
    return Promise.reject(error)
  }

  /** Hands a task's input to the worker that waits for it, or keeps a copy until one does. */
  #deliverOrKeep(slot, worker) {
    const cargo = this.#slots.kept[slot]
    try {
      if (worker > 0) this.#deliver(slot, worker)
      else this.#slots.kept[slot] = copyOf(cargo)
    } catch (cause) {
      this.#sendFailed(slot, cause)
    }
  }

  #deliver(slot, worker) {
    const { input, transfer } = this.#slots.kept[slot]
    this.#workers.deliver(worker, input, transfer)
    checkTransferred(transfer)
    this.#slots.kept[slot] = undefined
    this.#native.delivered(slot)
  }

  /** A task's input could not be sent: nobody runs it, and its caller is told why. */
  #sendFailed(slot, cause) {
    this.#native.withdraw(slot, false)
    const task = this.#nameOf(slot)
    const message = `The input of the task '${task}' cannot be sent to a worker: ${cause?.message ?? cause}`
    this.#slots.reject(slot, new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task }))
    this.#hold()
  }

  #nameOf(slot) {
    const label = this.#slots.labels[slot]
    return label < 0 ? native.nameOf(-1 - label) : this.#labels.name(label)
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

  #settleRare({ kind, slot, number, text, memory, body }) {
    const slots = this.#slots
    if (kind === RECORD.DELIVER) return this.#deliverLate(slot, number)
    if (kind === RECORD.ENDED) return this.#ended()
    const isCargo = kind === RECORD.CARGO_FULFILLED || kind === RECORD.CARGO_REJECTED
    const cargo = isCargo ? this.#workers.receive(number) : undefined
    const large = kind === RECORD.LARGE_BYTES ? this.#native.takeLarge() : undefined
    if (!slots.isOpen(slot)) return
    if (cargo?.error !== undefined) return slots.reject(slot, this.#unreadable(slot, cargo.error))
    switch (kind) {
      case RECORD.REJECTED:
        return slots.reject(slot, this.#rejection(slot, decode(memory.int32, memory.float64, body, text, 0)))
      case RECORD.CARGO_FULFILLED:
        return slots.resolve(slot, cargo?.value)
      case RECORD.CARGO_REJECTED:
        return slots.reject(slot, this.#rejection(slot, cargo?.value))
      case RECORD.NOTHING:
        return slots.resolve(slot, undefined)
      case RECORD.TEXT:
        return slots.resolve(slot, text)
      case RECORD.BYTES: {
        const bytes = Buffer.allocUnsafeSlow(number)
        bytes.set(memory.uint8.subarray(body * 4, body * 4 + number))
        return slots.resolve(slot, bytes)
      }
      case RECORD.LARGE_BYTES:
        return slots.resolve(slot, Buffer.from(large))
      case RECORD.ATTACHMENT:
        return slots.resolve(slot, slots.kept[slot].returns[number])
      case RECORD.FAILURE: {
        const [code, message] = [text.slice(0, number), text.slice(number)]
        return slots.reject(slot, new PoolError(code, message, { task: this.#nameOf(slot) }))
      }
      case RECORD.PANIC: {
        const task = this.#nameOf(slot)
        return slots.reject(
          slot,
          new PoolError('ERR_TASK_PANIC', `The native task '${task}' panicked: ${text}`, { task })
        )
      }
      case RECORD.WORKER_GONE:
        return slots.reject(slot, this.#workers.deathError(number, this.#nameOf(slot)))
    }
  }

  #rejection(slot, description) {
    const error = restore(description)
    if (error instanceof PoolError) error.task ??= this.#nameOf(slot)
    return error
  }

  #unreadable(slot, cause) {
    const task = this.#nameOf(slot)
    const message = `The result of the task '${task}' cannot be read: ${cause?.message ?? cause}`
    return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
  }

  #deliverLate(slot, worker) {
    if (!this.#native.awaits(slot, worker)) return
    try {
      this.#deliver(slot, worker)
    } catch (cause) {
      this.#sendFailed(slot, cause)
    }
  }

  // ---- workers

  /** Settles what a dead worker leaves behind and answers the worker to start in its place, or 0. */
  #workerGone(id, replace) {
    this.#inbox.drainAll() // what it had finished
    const replacement = this.#native.workerGone(id, replace)
    this.#inbox.drainAll() // what it had not
    return replacement
  }

  /** No worker can start: the tasks that wait for one are told why. */
  #rejectWaiting(error) {
    for (const slot of this.#slots.openSlots()) {
      if (this.#slots.labels[slot] >= 0 && this.#native.withdraw(slot, false)) {
        const task = this.#nameOf(slot)
        this.#slots.reject(slot, new PoolError(error.code, error.message, { cause: error.cause, task }))
      }
    }
    this.#hold()
  }

  ready() {
    if (this.#end !== undefined) {
      return Promise.reject(
        this.#terminated ? terminatedError() : closedError('The pool is closed; make another one')
      )
    }
    return this.#workers.ready().then(undefined, addSubmitSite)
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
      if (given.cancelQueued) this.#cancelQueued()
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

  #cancelQueued() {
    for (const slot of this.#slots.openSlots()) {
      if (!this.#native.withdraw(slot, this.#slots.labels[slot] < 0)) continue
      const task = this.#nameOf(slot)
      this.#slots.reject(
        slot,
        new PoolError(
          'ERR_POOL_CLOSED',
          `The task '${task}' was cancelled in the queue, as close() was called with 'cancelQueued'; call close() without it to let queued tasks run`,
          { task }
        )
      )
    }
  }

  terminate() {
    const end = this.#finish(terminatedError())
    if (!this.#terminated && !end.settled) {
      this.#terminated = true
      end.lingering = [...this.#slots.kept]
      this.#native.terminate()
      for (const slot of this.#slots.openSlots())
        this.#slots.reject(slot, terminatedError(this.#nameOf(slot)))
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

  #ended() {
    this.#native.release()
    this.#wake.drain = () => {}
    if (this.#end === undefined) return
    this.#end.lingering = []
    this.#end.settled = true
    // After the handlers of results that came in the same batch.
    setImmediate(this.#end.resolve)
  }

  stats() {
    return describeStats(this.#name, JSON.parse(this.#native.stats()), (kind, label) =>
      kind === 'native' ? native.nameOf(label) : this.#labels.name(label)
    )
  }
}

/** A copy of what is to be sent later, with its transferables already taken from their owner. */
function copyOf({ input, transfer }) {
  const [copy, list] = structuredClone([input, transfer], { transfer })
  checkTransferred(transfer)
  return { input: copy, transfer: list }
}

module.exports = { WorkerPool }
