'use strict'

const { decode } = require('./codec.js')
const { PoolError, restore, wordsOf } = require('./errors.js')
const { RECORD, UNDECIDED } = require('./records.js')
const { reasonOf } = require('./signals.js')
const { queueTimeoutError, taskTimeoutError } = require('./refusals.js')

// How tasks come back from Rust, but for ordinary results, which the inbox settles itself.
class Settlements {
  #native
  #slots
  #workers
  #nameOf
  #later
  #hold
  #defaults

  /**
   * @param {any} addon the pool's NativePool
   * @param {{ slots: InstanceType<typeof import('./slots.js').Slots>, workers: InstanceType<typeof import('./workers.js').Workers> }} parts
   * @param {{ nameOf: (slot: number) => string, later: (act: () => void) => void, hold: () => void }} pool what a task is called; what to do once the batch of its record has been read; what when one is over
   * @param {import('./task-options.js').TaskDefaults} defaults
   */
  constructor(addon, { slots, workers }, { nameOf, later, hold }, defaults) {
    this.#native = addon
    this.#slots = slots
    this.#workers = workers
    this.#nameOf = nameOf
    this.#later = later
    this.#hold = hold
    this.#defaults = defaults
  }

  /** Settles a task as its record says. */
  settle(record) {
    const { kind, slot, number, flags } = record
    const slots = this.#slots
    const isCargo = kind === RECORD.CARGO_FULFILLED || kind === RECORD.CARGO_REJECTED
    const cargo = isCargo ? this.#workers.receive(number) : undefined
    const large = kind === RECORD.LARGE_BYTES ? this.#native.takeLarge() : undefined
    if (!slots.isOpen(slot)) return
    if (slots.isSettled(slot)) {
      if (flags & UNDECIDED) this.#native.decide(slot, false)
      return slots.close(slot)
    }
    if (FULFILS.has(kind) && cargo?.error === undefined)
      return slots.resolve(slot, this.#resultOf(record, cargo?.value, large))
    const error = this.#errorOf(record, cargo)
    if (flags & UNDECIDED) this.#later(() => this.#decide(slot, error))
    else slots.reject(slot, error)
  }

  #resultOf({ kind, slot, number, text, memory, body }, cargo, large) {
    switch (kind) {
      case RECORD.CARGO_FULFILLED:
        return cargo
      case RECORD.TEXT:
        return text
      case RECORD.BYTES: {
        const bytes = Buffer.allocUnsafeSlow(number)
        bytes.set(memory.uint8.subarray(body * 4, body * 4 + number))
        return bytes
      }
      case RECORD.LARGE_BYTES:
        return Buffer.from(large)
      case RECORD.ATTACHMENT:
        return this.#slots.kept[slot]?.returns[number]
    }
  }

  #errorOf(record, cargo) {
    if (cargo?.error !== undefined) return this.#unreadable(record.slot, cargo.error)
    try {
      return this.#errorIn(record, cargo?.value)
    } catch (cause) {
      return this.#unreadable(record.slot, cause) // no memory for it, say
    }
  }

  #errorIn({ kind, slot, number, text, memory, body }, cargo) {
    switch (kind) {
      case RECORD.REJECTED:
        return this.#rejection(slot, decode(memory.int32, memory.float64, body, text, 0))
      case RECORD.CARGO_REJECTED:
        return this.#rejection(slot, cargo)
      case RECORD.FAILURE:
        return new PoolError(text.slice(0, number), text.slice(number), { task: this.#nameOf(slot) })
      case RECORD.PANIC: {
        const task = this.#nameOf(slot)
        return new PoolError('ERR_TASK_PANIC', `The native task '${task}' panicked: ${text}`, { task })
      }
      case RECORD.TIMED_OUT:
        return taskTimeoutError(this.#nameOf(slot), this.#limits(slot).timeout)
      case RECORD.QUEUE_TIMED_OUT:
        return queueTimeoutError(this.#nameOf(slot), this.#limits(slot).queueTimeout)
      case RECORD.CANCELLED:
        return reasonOf(this.#slots.kept[slot]?.options?.signal)
      default: // WORKER_GONE
        return this.#workers.deathError(number, this.#nameOf(slot))
    }
  }

  #limits(slot) {
    return this.#slots.kept[slot]?.options ?? this.#defaults
  }

  #rejection(slot, description) {
    const error = restore(description)
    if (error instanceof PoolError) error.task ??= this.#nameOf(slot)
    return error
  }

  #unreadable(slot, cause) {
    const task = this.#nameOf(slot)
    const message = `The result of the task '${task}' cannot be read: ${wordsOf(cause)}`
    return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
  }

  /** Asks whether a task that failed is to be tried again; the answer may take its time. */
  async #decide(slot, error) {
    const slots = this.#slots
    if (!slots.isOpen(slot)) return // the pool has ended meanwhile
    const kept = slots.kept[slot]
    const when = (kept?.options ?? this.#defaults).retries?.when
    let again = false
    let rejection = error
    if (kept !== undefined) kept.isAsked = true
    try {
      const attempt = kept === undefined ? 1 : ++kept.failures
      // Its signal may be aborted in there, or was by whoever was asked before.
      const answer = slots.isSettled(slot) ? false : when?.(error, attempt)
      again = Boolean(isThenable(answer) ? await answer : answer)
    } catch (thrown) {
      rejection = this.#brokenCondition(slot, thrown, error)
    }
    // Meanwhile it may have been taken back, and its slot be another's.
    if (slots.kept[slot] !== kept || !slots.isOpen(slot)) return
    if (kept !== undefined) kept.isAsked = false
    this.#native.decide(slot, again)
    if (!again) slots.reject(slot, rejection)
    this.#hold()
  }

  #brokenCondition(slot, thrown, error) {
    const task = this.#nameOf(slot)
    const message = `The option 'retries.when' threw when it was asked about the task '${task}', which is not tried again`
    const cause = new AggregateError([thrown, error], 'What it threw, and what the task failed with')
    return new PoolError('ERR_INVALID_ARG_VALUE', message, { cause, task })
  }
}

const isThenable = (answer) =>
  typeof answer === 'object' && answer !== null && typeof answer.then === 'function'

const FULFILS = new Set([
  RECORD.CARGO_FULFILLED,
  RECORD.NOTHING,
  RECORD.TEXT,
  RECORD.BYTES,
  RECORD.LARGE_BYTES,
  RECORD.ATTACHMENT
])

module.exports = { Settlements }
