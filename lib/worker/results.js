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
// Whatever is an object may run code of the user's when it is looked at: in getters, in a Proxy, in the words of what those
// throw. So all of that is done where such code is called.

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
  #userCode
  #port

  /**
   * @param {InstanceType<typeof import('./user-code.js').UserCode>} userCode
   * @param {InstanceType<typeof import('./port.js').WorkerPort>} port
   */
  constructor(userCode, port) {
    this.#userCode = userCode
    this.#port = port
  }

  fulfil(task, value) {
    return typeof value === 'object' && value !== null
      ? this.#read(task, this.#sendResult, value)
      : this.#sendResult(task, value)
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
    return this.#read(task, this.#sendThrown, thrown)
  }

  /** What `send(task, value)` answers, unless the task is told to stop meanwhile. */
  #read(task, send, value) {
    this.#port.hasSent = false
    try {
      return this.#userCode.readResult(task, send, task, value)
    } catch (stop) {
      if (stop !== STOP && stop !== UNBEGUN) throw stop
      // What is in the port already must be taken out at the other end, or it would be taken for what the next task sends.
      if (this.#port.hasSent) return ENDING.CARGO_REJECTED
      return stop === STOP ? ENDING.STOPPED : ENDING.UNWANTED
    }
  }

  #sendResult = (task, value) => {
    try {
      if (encode(value, null, hasMoved(task.number))) return ENDING.FULFILLED
      this.#port.send(value, takeMoved(value, task.number))
      return ENDING.CARGO_FULFILLED
    } catch (cause) {
      const message = `The task's result cannot be sent back: ${wordsOf(cause)}`
      return this.#sendThrown(task, new PoolError('ERR_NOT_SERIALIZABLE', message, { cause }))
    }
  }

  #sendThrown = (task, thrown) => {
    const description = describeAnything(thrown, task.handler)
    try {
      if (encode(description)) return ENDING.REJECTED
      this.#port.send(description, [])
    } catch {
      this.#port.send(simplify(description), [])
    }
    return ENDING.CARGO_REJECTED
  }
}

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
