'use strict'

const { PoolError, wordsOf } = require('../errors.js')
const { checkTransferred, isRefusal } = require('../wire/transfer.js')

/** @type {any[]} */
const NONE = []

// Inputs that Rust cannot carry: they are kept until a worker waits for them, and then sent over its port.
class Delivery {
  #native
  #tasks
  #workers
  #hold
  /** Whether an input is being sent, which runs the getters in it. */
  #delivering = false

  /**
   * @param {any} native the NativePool
   * @param {Pick<import('./parts.js').Parts, 'tasks' | 'workers' | 'hold'>} parts
   */
  constructor(native, { tasks, workers, hold }) {
    this.#native = native
    this.#tasks = tasks
    this.#workers = workers
    this.#hold = hold
  }

  /**
   * Before a task is submitted: its input, which is copied now if it may be tried again, as its owner may change it
   * meanwhile.
   */
  keep(kept, input, transfer, isRetried, task) {
    kept.input = input
    kept.transfer = transfer
    if (!isRetried || transfer.length > 0) return
    kept.again = true
    try {
      kept.input = structuredClone(input)
    } catch (cause) {
      throw unsendable(task, cause)
    }
  }

  /** After a task has been submitted: hands its input to the worker that waits for it, or keeps a copy until one does. */
  begin(slot, worker) {
    const kept = /** @type {InstanceType<typeof import('./tasks.js').Kept>} */ (this.#tasks.kept[slot])
    try {
      if (worker > 0) this.#deliver(slot, worker, kept)
      else if (!kept.again) takeCopy(kept)
    } catch (cause) {
      this.#sendFailed(slot, kept, cause)
    }
  }

  /** A worker waits for the input of a task. */
  deliverLate(slot, worker) {
    if (!this.#native.awaits(slot, worker)) return
    const kept = /** @type {InstanceType<typeof import('./tasks.js').Kept>} */ (this.#tasks.kept[slot])
    try {
      this.#deliver(slot, worker, kept)
    } catch (cause) {
      this.#sendFailed(slot, kept, cause)
    }
  }

  #deliver(slot, worker, kept) {
    const { input, transfer } = kept
    if (this.#delivering) return this.#deliverNext(slot, worker, kept)
    this.#delivering = true
    try {
      this.#workers.deliver(worker, input, transfer)
    } finally {
      this.#delivering = false
    }
    checkTransferred(transfer)
    if (this.#tasks.kept[slot] !== kept) return // a getter has aborted the task, and its slot may be another's
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

  /** A task's input could not be sent: nobody runs it, and its caller is told why. */
  #sendFailed(slot, kept, cause) {
    if (this.#tasks.kept[slot] !== kept) return // aborted by a getter that threw then
    const error = unsendable(this.#tasks.nameOf(slot), cause)
    // It may have waited too long meanwhile, or its worker died: then its record is on the way.
    if (this.#native.withdraw(slot)) this.#tasks.reject(slot, error)
    else this.#tasks.rejectEarly(slot, error)
    this.#hold.review()
  }
}

function unsendable(task, cause) {
  if (isRefusal(cause)) return Object.assign(cause, { task })
  const message = `The input of the task '${task}' cannot be sent to a worker: ${wordsOf(cause)}`
  return new PoolError('ERR_NOT_SERIALIZABLE', message, { cause, task })
}

/** Copies what is to be sent later; its transferables are taken from their owner now. */
function takeCopy(kept) {
  const { input, transfer } = kept
  ;[kept.input, kept.transfer] = structuredClone([input, transfer], { transfer })
  checkTransferred(transfer)
}

module.exports = { Delivery }
