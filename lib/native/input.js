'use strict'

const { types } = require('node:util')
const addon = require('../addon.js')
const { PoolError, invalidType, invalidValue, show, wordsOf } = require('../errors.js')
const { isObject } = require('../options/check.js')
const { VIEWS } = require('../wire/format.js')
const { ATTACH } = require('../wire/layout.js')
const { checkTransferred } = require('../wire/transfer.js')
const { bufferOf, isDetached, kindOf, lengthOf, offsetOf, sizeOf } = require('../wire/views.js')
const { DeclaredOptions } = require('./declared.js')
const { modeOf } = require('./lending.js')

/** A longer one needs a DataView: typed arrays end somewhere, on Node 20 at 4 GiB. */
const LONGEST_TYPED_ARRAY = 2 ** 31 - 1

const isBytes = (value) => ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)

/**
 * Bytes that an input names; `isOurs` if they are of a text.
 * @typedef {{ name: string, original: any, buffer: any, offset: number, length: number, isOurs: boolean }} Found
 */

/** What of a native task's input goes to Rust, and what has to be kept for it: read and checked, and nothing taken. */
class NativeInput {
  options = ''
  /** What holds the memory, in the order in which the options mention it. @type {any[]} */
  attachments = []
  /** How each gets to a native thread. @type {number[]} */
  modes = []
  /** What a task gives back when it gives back an attachment. @type {any[]} */
  returns = []
  #found
  #transfer

  /**
   * @param {string} options
   * @param {Found[]} found
   * @param {ArrayBuffer[]} transfer
   */
  constructor(options, found, transfer) {
    this.options = options
    this.#found = found
    this.#transfer = transfer
  }

  /** Says how each attachment is held, but for those that are taken from their owner later. */
  lend() {
    const transferred = this.#transfer.length === 0 ? NOTHING_TRANSFERRED : new Set(this.#transfer)
    for (const found of this.#found) {
      const { original, buffer, length, isOurs } = found
      const isTaken = transferred.has(buffer)
      this.attachments.push(isTaken ? undefined : viewOf(buffer, found))
      this.returns.push(isTaken ? undefined : original)
      this.modes.push(isTaken ? ATTACH.PIN : modeOf(buffer, length, isOurs))
    }
  }

  /**
   * Takes what is to be transferred from its owner, all or none. To be called once nothing can refuse the task any more
   * but a runtime that has not told what it must not transfer, and right before the task is submitted: no code of the
   * user's runs in here.
   */
  take() {
    const taken = takeAll(this.#transfer)
    for (const [index, found] of this.#found.entries()) {
      const { original, buffer, offset, length } = found
      const owned = taken.get(buffer)
      if (owned === undefined) continue
      this.attachments[index] = viewOf(owned, found)
      this.returns[index] = sameKind(original, owned, offset, length)
    }
  }
}

/** The bytes as Rust reads them. */
const viewOf = (memory, { offset, length }) =>
  length > LONGEST_TYPED_ARRAY ? new DataView(memory, offset, length) : new Uint8Array(memory, offset, length)

/** @type {Set<ArrayBuffer>} */
const NOTHING_TRANSFERRED = new Set()

/** The bytes that an input names, in the order in which they were met. */
class Bytes {
  /** @type {Found[]} */
  found = []
  #task

  constructor(task) {
    this.#task = task
  }

  add(name, value) {
    if (!isBytes(value)) return undefined
    const isView = ArrayBuffer.isView(value)
    const buffer = isView ? bufferOf(value) : value
    this.#refuseDetached(name, buffer)
    try {
      const [offset, length] = isView ? [offsetOf(value), lengthOf(value)] : [0, sizeOf(value)]
      return this.found.push({ name, original: value, buffer, offset, length, isOurs: false }) - 1
    } catch {
      throw this.#smaller(name) // a DataView of what is no longer there
    }
  }

  addText(text) {
    const { buffer, byteOffset: offset, byteLength: length } = Buffer.from(text, 'utf8')
    return this.found.push({ name: '', original: text, buffer, offset, length, isOurs: true }) - 1
  }

  /** Looks again: a getter may have detached, or made smaller, what was met before. */
  checkAgain() {
    for (const { name, buffer, offset, length } of this.found) {
      this.#refuseDetached(name, buffer)
      if (offset + length > sizeOf(buffer)) throw this.#smaller(name)
    }
  }

  #smaller(name) {
    return invalidValue(
      `The option '${name}' of '${this.#task}' is a buffer that was made smaller meanwhile; pass a view of what it has now`
    )
  }

  #refuseDetached(name, buffer) {
    if (isDetached(buffer))
      throw invalidValue(
        `The option '${name}' of '${this.#task}' is a detached buffer; its bytes are elsewhere now`
      )
  }
}

/**
 * Reads and checks the input of native task number `number`. Every large buffer is borrowed or copied, or owned if
 * `transfer` names it.
 */
function nativeInput(number, input, transfer) {
  const { name: task, options } = addon.declarationOf(number)
  if (input === undefined && transfer.length === 0 && !options.some(({ required }) => required))
    return NOTHING
  const given = input === undefined ? {} : input
  if (!isObject(given) || isBytes(given)) {
    throw invalidType(
      `The input of '${task}' must be an object of its options; received ${isBytes(given) ? 'bytes' : show(given)}`
    )
  }
  for (const [index, buffer] of transfer.entries()) {
    if (!types.isArrayBuffer(buffer))
      throw invalidType(
        `The option 'transfer[${index}]' must be an ArrayBuffer for the native task '${task}'; received ${show(buffer)}`
      )
  }
  const bytes = new Bytes(task)
  const json = new DeclaredOptions(task, bytes).write(options, given)
  // The getters have all run.
  bytes.checkAgain()
  for (const [index, buffer] of transfer.entries()) {
    if (isDetached(buffer))
      throw invalidValue(
        `The option 'transfer[${index}]' has been detached meanwhile; its bytes are elsewhere now`
      )
  }
  return new NativeInput(json, bytes.found, transfer)
}

/** @type {ArrayBuffer[]} */
const NO_BUFFERS = []
const NOTHING = new NativeInput('', [], NO_BUFFERS)

/** Takes buffers from their owner, all or none; answers the memory of each. */
function takeAll(transfer) {
  let memories
  try {
    memories = structuredClone(transfer, { transfer })
  } catch (cause) {
    const message = `The option 'transfer' names what cannot be transferred, and nothing was: ${wordsOf(cause)}`
    throw new PoolError('ERR_INVALID_ARG_VALUE', message, { cause })
  }
  checkTransferred(transfer)
  return new Map(transfer.map((buffer, index) => [buffer, memories[index]]))
}

/** Those that this runtime has besides. */
const { Float16Array } = /** @type {any} */ (globalThis)
/** @type {Map<string, any>} */
const VIEWS_BY_NAME = new Map(
  [...VIEWS, Float16Array].filter((View) => View !== undefined).map((View) => [View.name, View])
)

/** A view like `original` on the memory it was transferred to. Its class is not asked: its constructor is the user's. */
function sameKind(original, owned, offset, length) {
  if (!ArrayBuffer.isView(original)) return owned
  const View = VIEWS_BY_NAME.get(kindOf(original))
  const view = new View(owned, offset, length / (View.BYTES_PER_ELEMENT ?? 1))
  const prototype = Object.getPrototypeOf(original)
  return prototype === View.prototype ? view : Object.setPrototypeOf(view, prototype)
}

module.exports = { nativeInput }
