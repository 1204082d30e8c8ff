'use strict'

const { types } = require('node:util')
const { largeBytes } = require('../addon.js')
const { CONSTANTS, HEADER, VIEWS } = require('./format.js')
const { ARGUMENT, CALL } = require('./layout.js')
const { KEPT_WORDS, Memory } = require('./memory.js')
const { endMessage, lookAtPrototype, shapeOf, use } = require('./shapes.js')
const { bufferOf, elementsOf, getterOf, isVariable, kindOf, offsetOf, sizeOf } = require('./views.js')

// Takes what it can carry exactly as `structuredClone` would, and answers `false` for everything else; such
// a value travels through a MessagePort.

// Tags: see format.js.
const INT = 0
const DOUBLE = 1
const STRING = 2
const CONSTANT = 3
const OBJECT = 4
const SHAPE = 5
const ARRAY = 6
const REFERENCE = 7
const BIGINT = 8
const DATE = 9
const BUFFER = 10
const VIEW = 11
const SHARED = 12
const MAP = 13
const SET = 14
const PART = 15

const VIEW_INDEX = new Map(VIEWS.map((view, index) => [view.name, index]))

/** What is no plain object, although its prototype, which else tells, may have been taken away or replaced. */
const EXOTIC = [
  types.isMap,
  types.isSet,
  types.isAnyArrayBuffer,
  types.isPromise,
  types.isWeakMap,
  types.isWeakSet,
  types.isGeneratorObject,
  types.isMapIterator,
  types.isSetIterator,
  types.isModuleNamespaceObject,
  types.isExternal, // Deno has none
  types.isBoxedPrimitive
].filter((is) => is !== undefined)
/** The same, of what the tag of an object tells as well. */
const TAGGED = [types.isArgumentsObject, types.isNativeError, types.isRegExp, types.isDate]
/** Objects of a shape that are looked at so closely; a call into the engine for each kind costs as much as the object. */
const LOOKED_AT = 1024

const tagOf = Object.prototype.toString
const PLAIN_TAG = '[object Object]'
const bigintDigits = BigInt.prototype.toString
const dateValue = Date.prototype.valueOf
const mapForEach = Map.prototype.forEach
const setForEach = Set.prototype.forEach
const mapSize = getterOf(Map.prototype, 'size')
const setSize = getterOf(Set.prototype, 'size')

const INITIAL_WORDS = 1 << 14
const LARGEST_PAYLOAD = 0x7ffffff
/** What a message may have at most; the engine's own strings end at 2²⁹ characters, and a port copies such better. */
const MOST_CHARACTERS = LARGEST_PAYLOAD
const MOST_WORDS = 1 << 26
/** Thrown where no answer would get through: the message has more than that. */
const TOO_LARGE = Symbol('too large')
const DEEPEST = 500 // a port's own serializer has a stack check; deeper values are its business
/** Larger buffers go beside the words, in memory of their own: two copies more cost as much as that from here on. */
const LARGEST_AMONG_WORDS = 2048
/** What goes to a port: more than the smallest of the runtimes makes one of without more ado. */
const LARGEST_PART = 2 ** 31

/**
 * What `encode` has written: `text` and `byteLength` bytes of `bytes` from word CALL on. The words before are
 * for the arguments of a call, of which one is written here: how many large buffers Rust has kept for the message.
 * `int32` and `float64` are the same memory.
 */
const encoded = { ...new Memory(INITIAL_WORDS), byteLength: 0, text: '' }

let { int32, float64 } = encoded
let position = 0
let text = ''
let depth = 0
let objectCount = 0
let hasReferences = false
let shapeCount = 0
/** Buffers that Rust has kept for the message so far. */
let parts = 0
/** Where the first of them is kept. */
let firstPart = 0
/** Those of the message that has been written. */
let writtenParts = 0
let firstWritten = 0
let message = 0
let busy = false
/** @type {((buffer: SharedArrayBuffer) => number) | null} */
let share = null
/** Whether ArrayBuffers are left to a port, as some may have to be transferred. */
let leavesBuffers = false
/** The first objects of a message; comparing with a few is cheaper than hashing one. */
const fewObjects = new Array(8).fill(undefined)
/** All objects of a message that has more, in order. */
const objectSet = new Set()
/** Their places; made when the first object comes a second time. */
/** @type {Map<object, number> | null} */
let objectIndex = null

function grow(words) {
  if (position + words > MOST_WORDS) throw TOO_LARGE
  let length = int32.length * 2
  while (length < position + words) length *= 2
  const larger = new Memory(length)
  larger.int32.set(int32)
  renew(larger)
}

function renew(views) {
  Object.assign(encoded, views)
  int32 = views.int32
  float64 = views.float64
}

function writeToken(tag, payload) {
  if (position === int32.length) grow(1)
  int32[position++] = (payload << 4) | tag
}

function writeDouble(tag, value) {
  if (position + 4 > int32.length) grow(4)
  int32[position++] = tag
  position += position & 1
  float64[position >> 1] = value
  position += 2
}

function writeNumber(value) {
  if ((value << 4) >> 4 === value && (value !== 0 || 1 / value > 0)) writeToken(INT, value)
  else writeDouble(DOUBLE, value)
}

function writeValue(value) {
  switch (typeof value) {
    case 'number':
      writeNumber(value)
      return true
    case 'string':
      if (text.length + value.length > MOST_CHARACTERS) return false
      writeToken(STRING, value.length)
      text += value
      return true
    case 'boolean':
      writeToken(CONSTANT, value ? 2 : 3)
      return true
    case 'undefined':
      writeToken(CONSTANT, 0)
      return true
    case 'object': {
      if (value === null) {
        writeToken(CONSTANT, 1)
        return true
      }
      if (++depth > DEEPEST) return false
      const written = writeObject(value)
      depth--
      return written
    }
    case 'bigint': {
      const digits = bigintDigits.call(value, 16)
      if (text.length + digits.length > MOST_CHARACTERS) return false
      writeToken(BIGINT, digits.length)
      text += digits
      return true
    }
    default: // a function or a symbol
      return false
  }
}

/** Whether `value` came before in this message; if so, a reference to it is written. */
function wasSeen(value) {
  if (objectCount < fewObjects.length) {
    for (let i = 0; i < objectCount; i++) if (fewObjects[i] === value) return writeReference(i)
    fewObjects[objectCount++] = value
    return false
  }
  if (objectCount === fewObjects.length) for (const object of fewObjects) objectSet.add(object)
  objectSet.add(value)
  if (objectSet.size > objectCount) {
    objectIndex?.set(value, objectCount)
    objectCount++
    return false
  }
  if (objectIndex === null) {
    objectIndex = new Map()
    for (const object of objectSet) objectIndex.set(object, objectIndex.size)
  }
  return writeReference(/** @type {number} */ (objectIndex.get(value)))
}

function writeReference(index) {
  hasReferences = true
  writeToken(REFERENCE, index)
  return true
}

function writeObject(value) {
  if (types.isProxy(value)) return false
  if (wasSeen(value)) return true
  if (Array.isArray(value)) return writeArray(value)
  const prototype = Object.getPrototypeOf(value)
  // The prototype may have been put in the place of another: see "What is a plain object" in README.md.
  if (prototype === Object.prototype && tagOf.call(value) === PLAIN_TAG && !ArrayBuffer.isView(value)) {
    const shape = shapeOf(value)
    if (shape.looks >= LOOKED_AT || looksPlain(value, shape)) return writePlainObject(value, shape)
  }
  return writeSpecial(value, prototype)
}

/** Whether an object is a plain one, as far as its tag does not tell. Those without properties are always looked at. */
function looksPlain(value, shape) {
  if (shape.keys.length > 0) shape.looks++
  return !EXOTIC.some((is) => is(value))
}

function writeSpecial(value, prototype) {
  if (ArrayBuffer.isView(value)) return writeView(value)
  if (types.isArrayBuffer(value)) return writeBuffer(value)
  if (types.isSharedArrayBuffer(value)) return writeShared(value)
  if (types.isDate(value)) {
    writeDouble(DATE, dateValue.call(value))
    return true
  }
  if (types.isMap(value)) return writeEntries(MAP, value, mapSize(value), mapForEach)
  if (types.isSet(value)) return writeEntries(SET, value, setSize(value), setForEach)
  // A plain object of another realm, or one without a prototype or properties.
  const plain =
    prototype === null
      ? value[Symbol.toStringTag] === undefined
      : Object.getPrototypeOf(prototype) === null &&
        Object.hasOwn(prototype, 'isPrototypeOf') &&
        value[Symbol.iterator] === undefined
  const isExotic = (/** @type {(value: any) => boolean} */ is) => is(value)
  return plain && !TAGGED.some(isExotic) && !EXOTIC.some(isExotic) && writePlainObject(value, shapeOf(value))
}

function writeEntries(tag, collection, size, forEach) {
  if (size > LARGEST_PAYLOAD) return false
  writeToken(tag, size)
  // Read before anything is written: a getter may change the collection.
  const parts = []
  forEach.call(collection, (value, key) => {
    if (tag === MAP) parts.push(key)
    parts.push(value)
  })
  return parts.every(writeValue)
}

function writeView(view) {
  const index = VIEW_INDEX.get(kindOf(view))
  const buffer = bufferOf(view)
  if (index === undefined || isVariable(buffer)) return false
  writeToken(VIEW, index)
  if (!writeValue(buffer)) return false
  writeNumber(offsetOf(view))
  writeNumber(elementsOf(view))
  return true
}

function writeBuffer(buffer) {
  const length = sizeOf(buffer)
  // An empty one may be detached, and then cannot be cloned.
  if (length === 0 || isVariable(buffer) || leavesBuffers) return false
  if (length > LARGEST_AMONG_WORDS) return writePart(buffer, length)
  writeToken(BUFFER, length)
  const words = ((length + 7) >> 3) * 2
  if (position + words + 1 > int32.length) grow(words + 1)
  position += position & 1
  encoded.bytes.set(new Uint8Array(buffer), position * 4)
  position += words
  return true
}

/** A buffer whose content goes beside the words: one copy, and one more out of it. */
function writePart(buffer, length) {
  if (length > LARGEST_PART) return false
  const place = largeBytes.keep(new Uint8Array(buffer))
  if (place === null) return false
  if (parts === 0) firstPart = place
  parts++
  writeDouble(PART, length)
  return true
}

function writeShared(buffer) {
  const number = share === null ? -1 : share(buffer)
  if (number < 0 || number > LARGEST_PAYLOAD) return false
  writeToken(SHARED, number)
  return true
}

function writeArray(array) {
  const length = array.length
  const keys = Object.keys(array)
  // Fewer are holes, which the port's format may carry in less; more are names beside the indices, as is the last.
  if (
    length > LARGEST_PAYLOAD ||
    keys.length !== length ||
    (length > 0 && keys[length - 1] !== `${length - 1}`)
  )
    return false
  writeToken(ARRAY, length)
  for (let i = 0; i < length; i++) {
    const value = array[i]
    // A hole reads as undefined, too; a getter may have made it.
    if (value === undefined && !Object.hasOwn(array, i)) writeToken(CONSTANT, CONSTANTS.length)
    else if (!writeValue(value)) return false
  }
  return true
}

function writePlainObject(object, shape) {
  if (shape.message === message) writeToken(OBJECT, shape.index)
  else {
    if (text.length + shape.definition.length > MOST_CHARACTERS) return false
    shape.message = message
    shape.index = shapeCount++
    writeToken(SHAPE, shape.definition.length)
    text += shape.definition
  }
  if (shape.write !== null) return shape.write(object)
  use(shape, writeProperty)
  const keys = shape.keys
  for (let i = 0; i < keys.length; i++) if (!writeProperty(object[keys[i]], object, keys[i])) return false
  return true
}

/** A property that a getter has deleted meanwhile reads as undefined, too. */
function writeProperty(value, object, key) {
  return value === undefined && !Object.hasOwn(object, key) ? false : writeValue(value)
}

/**
 * Writes `value` to `encoded`; `false` if a port has to carry it. O(size).
 *
 * Getters of the value run, and what they throw is thrown.
 *
 * @param {typeof share} shareWith gives a SharedArrayBuffer the number by which the other side knows it, or -1
 * @param {boolean} mayMove whether ArrayBuffers in the value may be marked for transfer
 */
function encode(value, shareWith = null, mayMove = false) {
  if (busy) return false // called by a getter of a value that is being encoded
  busy = true
  position = CALL + HEADER
  text = ''
  depth = 0
  objectCount = 0
  hasReferences = false
  shapeCount = 0
  share = shareWith
  leavesBuffers = mayMove
  message++
  lookAtPrototype()
  try {
    if (!writeValue(value)) return false
    int32[CALL] = hasReferences ? 1 : 0
    encoded.text = text
    encoded.byteLength = (position - CALL) * 4
    if (parts > 0) sayParts()
    return true
  } catch (thrown) {
    if (thrown === TOO_LARGE) return false
    throw thrown
  } finally {
    forgetValue()
  }
}

/** Lets go of the value; also to be called if `encode` was ended from outside, without its `finally`. */
function forgetValue() {
  busy = false
  text = ''
  share = null // which holds its pool
  endMessage()
  if (parts > 0) {
    parts = 0
    largeBytes.discard(firstPart)
  }
  if (objectSet.size > 0) {
    objectSet.clear()
    objectIndex = null
  }
  // Nothing of the user's is kept alive. A loop: there is mostly one, and `fill` is a call.
  for (let i = 0; i < objectCount && i < fewObjects.length; i++) fewObjects[i] = undefined
}

/** The buffers are the written message's. */
function sayParts() {
  int32[ARGUMENT.PARTS] = writtenParts = parts
  firstWritten = firstPart
  parts = 0
}

/** Those that have not been taken go. */
function giveUpParts() {
  int32[ARGUMENT.PARTS] = writtenParts = 0
  largeBytes.discard(firstWritten)
}

/**
 * The message has been sent, or nobody wants it: lets go of its text, and of memory that it has made large. `true` if
 * `encoded.bytes` is other memory now.
 */
function letGo() {
  encoded.text = ''
  if (writtenParts > 0) giveUpParts()
  // What has been sent may have been sent from within another message that is being written.
  if (int32.length <= KEPT_WORDS || busy) return false
  renew(new Memory(INITIAL_WORDS))
  return true
}

module.exports = { encode, encoded, forgetValue, letGo }
