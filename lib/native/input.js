'use strict'

const { types } = require('node:util')
const addon = require('../addon.js')
const { PoolError, invalidType, invalidValue, show, wordsOf } = require('../errors.js')
const { isObject } = require('../options/check.js')
const { ATTACH } = require('../wire/layout.js')
const { checkTransferred, isDetached } = require('../wire/transfer.js')
const { DeclaredOptions } = require('./declared.js')

/** Up to this size copying costs less than what it saves: nobody has to leave the buffer alone. */
const LARGEST_COPY = 32 * 1024

const isBytes = (value) => ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)

/** What of a native task's input goes to Rust, and what has to be kept for it. */
class NativeInput {
  constructor() {
    this.options = ''
    /** @type {Uint8Array[]} */
    this.attachments = []
    /** @type {number[]} */
    this.modes = []
    /** What a task gives back when it gives back an attachment. */
    this.returns = []
  }
}

const NOTHING = Object.freeze(new NativeInput())

/** The bytes that an input names, in the order in which they were met; nothing of them is taken yet. */
class Bytes {
  /** @type {{ name: string, original: any, buffer: any, offset: number, length: number }[]} */
  found = []
  #task

  constructor(task) {
    this.#task = task
  }

  add(name, value) {
    if (!isBytes(value)) return undefined
    const isView = ArrayBuffer.isView(value)
    const buffer = isView ? value.buffer : value
    this.#refuseDetached(name, buffer) // a DataView of one cannot even be asked where it begins
    const offset = isView ? value.byteOffset : 0
    return this.found.push({ name, original: value, buffer, offset, length: value.byteLength }) - 1
  }

  addText(text) {
    const { buffer, byteOffset, byteLength } = Buffer.from(text, 'utf8')
    return this.found.push({ name: '', original: text, buffer, offset: byteOffset, length: byteLength }) - 1
  }

  /** Looks again: a getter may have detached, or made smaller, what was met before. */
  checkAgain() {
    for (const { name, buffer, offset, length } of this.found) {
      this.#refuseDetached(name, buffer)
      if (offset + length > buffer.byteLength)
        throw invalidValue(
          `The option '${name}' of '${this.#task}' is a buffer that was made smaller meanwhile`
        )
    }
  }

  #refuseDetached(name, buffer) {
    if (isDetached(buffer))
      throw invalidValue(
        `The option '${name}' of '${this.#task}' is a detached buffer; its bytes are elsewhere now`
      )
  }
}

/**
 * Checks and reads the input of native task number `number`. Every large buffer is borrowed, or owned if `transfer`
 * names it; those are taken from their owner once nothing can be refused any more.
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
  const result = new NativeInput()
  const bytes = new Bytes(task)
  result.options = new DeclaredOptions(task, bytes).write(options, given)
  bytes.checkAgain()
  // Nothing is refused from here on, but by a runtime that has not told what it must not transfer.
  const taken = take(transfer)
  for (const { original, buffer, offset, length } of bytes.found) {
    const owned = taken.get(buffer)
    result.attachments.push(new Uint8Array(owned ?? buffer, offset, length))
    result.returns.push(owned === undefined ? original : sameKind(original, owned, offset, length))
    if (types.isSharedArrayBuffer(buffer)) result.modes.push(ATTACH.SHARE)
    else result.modes.push(length <= LARGEST_COPY || buffer.resizable ? ATTACH.COPY : ATTACH.PIN)
  }
  return result
}

/** Takes buffers from their owner, all or none; answers the memory of each. */
function take(transfer) {
  if (transfer.length === 0) return NOTHING_TAKEN
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

/** @type {Map<ArrayBuffer, ArrayBuffer>} */
const NOTHING_TAKEN = new Map()

/** A view like `original` on the memory it was transferred to. */
function sameKind(original, owned, offset, length) {
  if (!ArrayBuffer.isView(original)) return owned
  if (Buffer.isBuffer(original)) return Buffer.from(owned, offset, length)
  const View = /** @type {any} */ (original).constructor
  return new View(owned, offset, length / (View.BYTES_PER_ELEMENT ?? 1))
}

module.exports = { nativeInput }
