'use strict'

const { types } = require('node:util')
const { fileURLToPath } = require('node:url')
const { invalidType, invalidValue, show } = require('./errors.js')
const { isURL } = require('./script.js')
const { checkTransferred, isDetached } = require('./transferable.js')

// How bytes reach a native thread; src/binding/values.rs holds the same numbers.
const COPY = 0
const PIN = 1
const SHARE = 2

/** Up to this size copying costs less than what it saves: nobody has to leave the buffer alone. */
const LARGEST_COPY = 32 * 1024
/** A longer string crosses as UTF-8 of its own instead of within the options. */
const LONGEST_OPTION = 1024

const isSharedBuffer = (value) => types.isSharedArrayBuffer(value)
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

/** Reads a native task's input; every large buffer is borrowed, or owned if `transfer` names it. */
function nativeInput(task, input, transfer) {
  if (input === undefined && transfer.length === 0) return NOTHING
  const result = new NativeInput()
  if (typeof input !== 'object' || input === null || isBytes(input) || Array.isArray(input)) {
    throw invalidType(
      `The input of '${task}' must be an object of its options; received ${isBytes(input) ? 'bytes' : show(input)}`
    )
  }
  for (const [index, buffer] of transfer.entries()) {
    if (!types.isArrayBuffer(buffer))
      throw invalidType(
        `The option 'transfer[${index}]' must be an ArrayBuffer for the native task '${task}'; received ${show(buffer)}`
      )
  }
  const options = {}
  const late = []
  for (const key of Object.keys(input)) {
    const value = input[key]
    if (isBytes(value)) {
      options[key] = { attachment: late.length }
      late.push(view(task, key, value))
    } else if (typeof value === 'string' && value.length > LONGEST_OPTION) {
      options[key] = { text: late.length }
      const bytes = Buffer.from(value, 'utf8')
      late.push({ original: value, buffer: bytes.buffer, offset: bytes.byteOffset, length: bytes.byteLength })
    } else options[key] = plain(value)
  }
  result.options = JSON.stringify(options)
  // Nothing is refused from here on, but by a runtime that has not told what it must not transfer.
  const taken = new Map(transfer.map((buffer) => [buffer, structuredClone(buffer, { transfer: [buffer] })]))
  checkTransferred(transfer)
  for (const { original, buffer, offset, length } of late) {
    const owned = taken.get(buffer)
    const bytes = new Uint8Array(owned ?? buffer, offset, length)
    result.attachments.push(bytes)
    result.returns.push(owned === undefined ? original : sameKind(original, owned, offset, length))
    if (isSharedBuffer(buffer)) result.modes.push(SHARE)
    else result.modes.push(length <= LARGEST_COPY || buffer.resizable ? COPY : PIN)
  }
  return result
}

/** Where the bytes of a buffer or view are. */
function view(task, key, value) {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value
  if (isDetached(buffer))
    throw invalidValue(`The option '${key}' of '${task}' is a detached buffer; its bytes are elsewhere now`)
  const offset = ArrayBuffer.isView(value) ? value.byteOffset : 0
  return { original: value, buffer, offset, length: value.byteLength }
}

/** What stands in the options for a value that is no bytes: what JSON cannot say is shown in words. */
function plain(value) {
  if (typeof value === 'string') return value.toWellFormed() // as UTF-8 has it
  if (value === undefined || value === null || typeof value === 'boolean' || Number.isFinite(value))
    return value
  const { path, ...more } = Object(value)
  if (Object.keys(more).length > 0) return { shown: show(value) }
  if (typeof path === 'string') return { path: path.toWellFormed() }
  if (isURL(path)) return { path: fileURLToPath(path) }
  return { shown: show(value) }
}

/** A view like `original` on the memory it was transferred to. */
function sameKind(original, owned, offset, length) {
  if (!ArrayBuffer.isView(original)) return owned
  if (Buffer.isBuffer(original)) return Buffer.from(owned, offset, length)
  const View = /** @type {any} */ (original).constructor
  return new View(owned, offset, length / (View.BYTES_PER_ELEMENT ?? 1))
}

module.exports = { nativeInput }
