'use strict'

const { PoolError, wordsOf } = require('../errors.js')
const { encode } = require('../wire/encode.js')
const { ENDING } = require('../wire/layout.js')
const { hasMoved, takeMoved } = require('../wire/move.js')
const { KINDS, describe, simplify } = require('../wire/thrown.js')
const { hintFor } = require('./inline.js')
const { STOP, UNBEGUN } = require('./stop.js')

// What becomes of a task's result or of what it threw: it is encoded, or sent over the port. Each of these answers the
// ENDING to be handed in, with `encoded` where that is the message.
//
// Getters of the user's run in here, so a task that may be stopped is stopped in here, too.

/** Why a task could not even begin; `isFinal` if another try would end the same. */
class NotFound {
  #isFinal
  constructor(error, isFinal) {
    this.error = error
    this.#isFinal = isFinal
  }

  get isFinal() {
    return this.#isFinal
  }

  /** Whether that is what was thrown; asked of anything, also of what throws when it is looked at. */
  static is(thrown) {
    return typeof thrown === 'object' && thrown !== null && #isFinal in thrown
  }
}

class Results {
  #callStoppable
  #port

  /**
   * @param {ReturnType<typeof import('./stop.js').makeStoppable>} callStoppable
   * @param {InstanceType<typeof import('./port.js').WorkerPort>} port
   */
  constructor(callStoppable, port) {
    this.#callStoppable = callStoppable
    this.#port = port
  }

  fulfil(task, value) {
    try {
      const mayMove = hasMoved(task.number)
      const isEncoded = task.isStoppable
        ? this.#callStoppable(task.run, encodeValue, value, mayMove)
        : encodeValue(value, mayMove)
      if (isEncoded) return ENDING.FULFILLED
      this.#port.send(value, takeMoved(value, task.number))
      return ENDING.CARGO_FULFILLED
    } catch (cause) {
      if (cause === STOP || cause === UNBEGUN) return this.reject(task, cause)
      const message = `The task's result cannot be sent back: ${wordsOf(cause)}`
      return this.reject(task, new PoolError('ERR_NOT_SERIALIZABLE', message, { cause }))
    }
  }

  /** Rejects a task that would end the same each time. */
  refuse(task, error) {
    const ending = this.reject(task, error)
    return ending < ENDING.STOPPED ? ending | ENDING.REFUSED : ending
  }

  reject(task, thrown) {
    if (NotFound.is(thrown))
      return thrown.isFinal ? this.refuse(task, thrown.error) : this.reject(task, thrown.error)
    if (thrown === STOP) return ENDING.STOPPED
    if (thrown === UNBEGUN) return ENDING.UNWANTED
    try {
      return task.isStoppable
        ? this.#callStoppable(task.run, this.#send, thrown, task.handler)
        : this.#send(thrown, task.handler)
    } catch (stop) {
      if (stop === STOP) return ENDING.STOPPED
      if (stop === UNBEGUN) return ENDING.UNWANTED
      throw stop
    }
  }

  #send = (thrown, handler) => {
    const description = describeAnything(thrown, handler)
    try {
      if (encode(description)) return ENDING.REJECTED
      this.#port.send(description, [])
    } catch {
      this.#port.send(simplify(description), [])
    }
    return ENDING.CARGO_REJECTED
  }
}

const encodeValue = (value, mayMove) => encode(value, null, mayMove)

/** A thrown value whose own code throws when it is read is told of in words. */
function describeAnything(thrown, handler) {
  try {
    return explained(describe(thrown), handler)
  } catch (cause) {
    return describe(new Error(`The task threw a value that cannot be read: ${wordsOf(cause)}`))
  }
}

/** The description of an error, with a hint to what its author may not know. */
function explained(description, handler) {
  const [kind, rows] = description
  if (kind === KINDS.VALUE) return description
  const { name, message, stack } = rows[0]
  const hint = hintFor(handler, name, message)
  if (hint === '') return description
  rows[0].message = message + hint
  rows[0].stack = stack?.replace(message, () => message + hint)
  return description
}

module.exports = { NotFound, Results, describeAnything }
