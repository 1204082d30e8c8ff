'use strict'

const { largeBytes } = require('../addon.js')
const { PoolError, wordsOf } = require('../errors.js')
const { outputOf } = require('../native/output.js')
const { decode } = require('../wire/decode.js')
const { HEAD, KIND, RECORD, UNDECIDED } = require('../wire/layout.js')
const { restore } = require('../wire/thrown.js')
const { noThreadError, queueTimeoutError, taskTimeoutError } = require('./refusals.js')
const { reasonOf } = require('./signals.js')

/** What `read` answers if the batch was the last, or others follow; else the words that the next record needs. */
const LAST = -1
const MORE = 0

// What Rust's records mean: how tasks come back, and what the pool is to do.
//
// What takes records itself, or calls code of the user's that may, has to wait until the batch has been read, which it
// would overwrite: `finish` does that.
class Settle {
  #native
  #tasks
  #workers
  #delivery
  #retries
  #withdrawals
  #backpressure
  #life
  #defaults
  #errorClasses
  /** What is left to do about records that have been read. @type {(() => void)[]} */
  #rest = []

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'workers' | 'delivery' | 'retries' | 'withdrawals' | 'backpressure' | 'life'>} parts
   * @param {import('../options/task.js').TaskDefaults} defaults
   * @param {Map<string, Function>} errorClasses that rejections are instances of, by name
   */
  constructor(native, parts, defaults, errorClasses) {
    this.#native = native
    this.#tasks = parts.tasks
    this.#workers = parts.workers
    this.#delivery = parts.delivery
    this.#retries = parts.retries
    this.#withdrawals = parts.withdrawals
    this.#backpressure = parts.backpressure
    this.#life = parts.life
    this.#defaults = defaults
    this.#errorClasses = errorClasses
  }

  /** Reads a batch of records; `text` holds the characters of all of them. */
  read(text, memory) {
    const { int32, float64 } = memory
    const tasks = this.#tasks
    let at = 0
    let textAt = 0
    let partsAt = 0
    for (;;) {
      const kind = int32[at]
      if (kind === RECORD.END) return LAST
      if (kind === RECORD.MORE) return MORE
      const slot = int32[at + 1]
      if (kind === RECORD.GROW) return slot * 2
      const characters = int32[at + 4]
      const body = at + HEAD
      const number = int32[at + 2]
      try {
        if (kind !== RECORD.FULFILLED) {
          const own = text.slice(textAt, textAt + characters)
          this.#act({ kind, slot, number, flags: int32[body - 1], text: own, memory, body, partsAt })
        } else if (tasks.isOpen(slot))
          tasks.resolve(slot, decode(int32, float64, body, text, textAt, null, partsAt))
      } catch (error) {
        // No memory for it, say. The batch goes on: nobody else would come back for the others.
        if (tasks.isOpen(slot)) tasks.reject(slot, this.#notDecoded(slot, error))
      }
      at = body + ((int32[at + 3] + 1) & ~1)
      textAt += characters
      if (number > 0 && (kind === RECORD.FULFILLED || kind === RECORD.REJECTED)) {
        largeBytes.dropAll(partsAt, number) // that nobody has taken
        partsAt += number
      }
    }
  }

  /** Does what was left to do until the batch had been read. */
  finish() {
    for (let act = this.#rest.shift(); act !== undefined; act = this.#rest.shift()) act()
  }

  /** Does what a record asks for; every kind but FULFILLED, END, MORE and GROW. */
  #act(record) {
    const { kind, slot, number, text } = record
    switch (kind) {
      case RECORD.CARGO_FULFILLED:
      case RECORD.CARGO_REJECTED:
        return this.#settle(record, this.#workers.receive(number))
      case RECORD.LARGE_BYTES:
        return this.#settle(record, this.#take(1))
      case RECORD.VALUE:
        return this.#settle(record, this.#take(number))
      case RECORD.DELIVER:
        return void this.#rest.push(() => this.#delivery.deliverLate(slot, number))
      case RECORD.HIRE:
        return void this.#rest.push(() =>
          slot === KIND.JAVASCRIPT ? this.#workers.start(number) : this.#startThread(number)
        )
      case RECORD.KILL:
        return void this.#rest.push(() => this.#workers.kill(number, slot !== 0))
      case RECORD.CARGO_DROPPED:
        return void this.#workers.receive(number) // nobody's, and the next must not be taken for it
      case RECORD.DRAINED:
        return this.#backpressure.drained()
      case RECORD.BROKEN:
        return void this.#rest.push(() => this.#life.broken(text))
      case RECORD.ENDED:
        return void this.#rest.push(() => this.#life.ended())
      default:
        return this.#settle(record, NO_CARGO)
    }
  }

  #startThread(id) {
    if (!this.#native.startThread(id))
      this.#withdrawals.all((slot) => this.#tasks.isNative(slot), noThreadError)
  }

  /** Nothing can be taken from Rust any more: nobody waits for what would come. */
  giveUp(words) {
    this.#life.broken(words)
    this.#life.ended()
  }

  // ---- a task comes back

  /** `cargo` is what came beside the record, or the error of reading that. */
  #settle(record, cargo) {
    const { kind, slot, flags } = record
    const tasks = this.#tasks
    if (!tasks.isOpen(slot)) return
    if (tasks.isSettled(slot)) {
      if (flags & UNDECIDED) this.#native.decide(slot, false)
      return tasks.close(slot)
    }
    if (FULFILS.has(kind) && cargo.error === undefined)
      return tasks.resolve(slot, this.#resultOf(record, cargo.value))
    if (kind === RECORD.CANCELLED) return tasks.giveBack(slot, reasonOf(tasks.kept[slot]?.options?.signal))
    const error = this.#errorOf(record, cargo)
    if (flags & UNDECIDED) this.#rest.push(() => this.#retries.ask(slot, error))
    else tasks.reject(slot, error)
  }

  #resultOf({ kind, slot, number, text, memory, body }, cargo) {
    switch (kind) {
      case RECORD.CARGO_FULFILLED:
        return cargo
      case RECORD.TEXT:
        return text
      case RECORD.BYTES: {
        const bytes = Buffer.allocUnsafeSlow(number)
        bytes.set(memory.bytes.subarray(body * 4, body * 4 + number))
        return bytes
      }
      case RECORD.LARGE_BYTES:
        return Buffer.from(cargo[0])
      case RECORD.ATTACHMENT:
        return this.#tasks.kept[slot]?.returns[number]
      case RECORD.VALUE:
        return outputOf(text, cargo, this.#tasks.kept[slot]?.returns)
    }
  }

  #errorOf(record, cargo) {
    const { kind, slot } = record
    if (cargo.error !== undefined)
      return kind === RECORD.LARGE_BYTES || kind === RECORD.VALUE
        ? this.#notHandedOver(slot, cargo.error)
        : this.#unreadable(slot, cargo.error)
    try {
      return this.#errorIn(record, cargo.value)
    } catch (cause) {
      return this.#unreadable(slot, cause) // no memory for it, say
    }
  }

  #errorIn({ kind, slot, number, text, memory, body, partsAt }, cargo) {
    switch (kind) {
      case RECORD.REJECTED:
        return this.#rejection(slot, decode(memory.int32, memory.float64, body, text, 0, null, partsAt))
      case RECORD.CARGO_REJECTED:
        return this.#rejection(slot, cargo)
      case RECORD.FAILURE:
        return new PoolError(text.slice(0, number), text.slice(number), { task: this.#tasks.nameOf(slot) })
      case RECORD.PANIC: {
        const task = this.#tasks.nameOf(slot)
        return new PoolError('ERR_TASK_PANIC', `The task '${task}' panicked: ${text}`, { task })
      }
      case RECORD.TIMED_OUT:
        return taskTimeoutError(this.#tasks.nameOf(slot), this.#limits(slot).timeout)
      case RECORD.QUEUE_TIMED_OUT:
        return queueTimeoutError(this.#tasks.nameOf(slot), this.#limits(slot).queueTimeout)
      case RECORD.WORKER_GONE:
        return this.#workers.deathError(number, this.#tasks.nameOf(slot))
      default:
        throw new Error(`there is no kind of records ${kind}`)
    }
  }

  /** The memories of a native task's output; if the engine makes nothing of them, they are freed. */
  #take(count) {
    try {
      return { value: this.#native.takeMemories(count), error: undefined }
    } catch (error) {
      return { value: undefined, error }
    }
  }

  #limits(slot) {
    return this.#tasks.kept[slot]?.options ?? this.#defaults
  }

  #rejection(slot, description) {
    const error = restore(description, this.#errorClasses)
    if (error instanceof PoolError && !Object.hasOwn(error, 'thrown')) {
      error.task ??= this.#tasks.nameOf(slot)
      if (error.code === 'ERR_TASK_NOT_FOUND') this.#tasks.foundNothing(slot)
    }
    return error
  }

  #notHandedOver(slot, cause) {
    const task = this.#tasks.nameOf(slot)
    const message = `The result of the task '${task}' cannot be handed over: ${wordsOf(cause)}; ask for less, or run fewer such tasks at a time`
    return new PoolError('ERR_OUT_OF_MEMORY', message, { cause, task })
  }

  #notDecoded(slot, cause) {
    return cause instanceof RangeError ? this.#notHandedOver(slot, cause) : this.#unreadable(slot, cause)
  }

  #unreadable(slot, cause) {
    const task = this.#tasks.nameOf(slot)
    const message = `The result of the task '${task}' cannot be read: ${wordsOf(cause)}`
    return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
  }
}

/** @type {{ value?: any, error?: any }} */
const NO_CARGO = { value: undefined, error: undefined }

const FULFILS = new Set([
  RECORD.CARGO_FULFILLED,
  RECORD.NOTHING,
  RECORD.TEXT,
  RECORD.BYTES,
  RECORD.LARGE_BYTES,
  RECORD.ATTACHMENT,
  RECORD.VALUE
])

module.exports = { LAST, MORE, Settle }
