'use strict'

const {
  HEADER,
  CONSTANTS,
  VIEWS,
  WIDEST_COMPILED_SHAPE,
  USES_BEFORE_COMPILING,
  definitionOf
} = require('./format.js')
const { largeBytes } = require('../addon.js')
const { define } = require('../property.js')
const { Remembered } = require('./remembered.js')

/** Places for shapes that a message with more of them does not leave behind. */
const KEPT_SHAPES = 64

/**
 * Bytes from which on memory of Rust's becomes that of an ArrayBuffer, where that can be. Less is copied: the engine
 * looks for garbage among its own buffers in time, and finds it cheaply.
 */
const LEAST_ADOPTED = 1 << 25

/** The token of a hole in an array. */
const HOLE = (CONSTANTS.length << 4) | 3

// Reads what encode.js writes. No code of the user's runs meanwhile.

/** Held from the start: anybody may replace them. */
const { set: mapSet } = Map.prototype
const { add: setAdd } = Set.prototype
const { allocUnsafeSlow } = Buffer

let source = ''
/** @type {((number: number) => SharedArrayBuffer | undefined) | null} */
let findShared = null
const NO_WORDS = new Int32Array(0)
const NO_DOUBLES = new Float64Array(0)
let words = NO_WORDS
let doubles = NO_DOUBLES
let cursor = 0
let textCursor = 0
/** The next large buffer's place among those of the batch. */
let partCursor = 0
/** @type {any[] | null} */
let objects = null
/** Those of the message so far. @type {(Reader | undefined)[]} */
const shapes = []
let shapeCount = 0

/**
 * What reads objects of a shape.
 * @typedef {{ definition: string, keys: string[], uses: number, read: (() => any) | null }} Reader
 */
const readers = new Remembered(() => {
  lastReader = noReader
})
/** The reader used last of those that are remembered: comparing short strings is cheaper than hashing one. @type {Reader} */
const noReader = { definition: '', keys: [], uses: 0, read: null }
let lastReader = noReader

function readerOf(definition) {
  if (definition === lastReader.definition) return lastReader
  /** @type {Reader | undefined} */
  const known = readers.get(definition)
  if (known !== undefined) return (lastReader = known)
  const reader = { definition, keys: JSON.parse(definition), uses: 0, read: null }
  if (!readers.isWorth(definition)) return reader
  reader.definition = definitionOf(reader.keys) // `definition` is a part of the message's text, and would keep that
  readers.set(reader.definition, reader)
  return (lastReader = reader)
}

function compile(reader) {
  if (reader.keys.length > WIDEST_COMPILED_SHAPE) return
  // In a literal, a plain '__proto__' would set the prototype.
  const properties = reader.keys.map(
    (key) => (key === '__proto__' ? `['__proto__']` : JSON.stringify(key)) + ': read()'
  )
  try {
    reader.read = new Function('read', `return () => ({ ${properties} })`)(readValue)
  } catch {
    /* code generation is switched off */
  }
}

function readObject(reader) {
  if (objects === null) {
    if (reader.read !== null) return reader.read()
    if (++reader.uses === USES_BEFORE_COMPILING) compile(reader)
  }
  const object = {}
  objects?.push(object)
  for (const key of reader.keys) put(object, key, readValue())
  return object
}

/** Makes an own property, whatever prototypes have of its name: a setter, say, or `__proto__`. */
function put(object, key, value) {
  if (key in object) define(object, key, value)
  else object[key] = value
}

function readElement(array, index) {
  const token = words[cursor]
  if (token === HOLE) cursor++
  else put(array, index, readValue())
}

function readText(length) {
  const start = textCursor
  textCursor = start + length
  return source.slice(start, textCursor)
}

function readDouble() {
  cursor += cursor & 1
  const value = doubles[cursor >> 1]
  cursor += 2
  return value
}

function readValue() {
  const token = words[cursor++]
  const payload = token >> 4
  switch (token & 15) {
    case 0: // INT
      return payload
    case 1: // DOUBLE
      return readDouble()
    case 2: // STRING
      return readText(payload)
    case 3: // CONSTANT
      return CONSTANTS[payload]
    case 4: // OBJECT
      return readObject(shapes[payload])
    case 5: {
      // SHAPE
      const reader = readerOf(readText(payload))
      shapes[shapeCount++] = reader
      return readObject(reader)
    }
    case 6: {
      // ARRAY
      const array = new Array(payload)
      objects?.push(array)
      for (let i = 0; i < payload; i++) readElement(array, i)
      return array
    }
    case 7: // REFERENCE
      return /** @type {any[]} */ (objects)[payload]
    case 8: {
      // BIGINT
      const digits = readText(payload)
      return digits[0] === '-' ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)
    }
    case 9: // DATE
      return remember(new Date(readDouble()))
    case 10: {
      // BUFFER
      cursor += cursor & 1
      const start = cursor * 4
      cursor += ((payload + 7) >> 3) * 2
      return remember(words.buffer.slice(start, start + payload))
    }
    case 11: // VIEW
      return readView(VIEWS[payload])
    case 12: // SHARED
      return remember(findShared?.(payload))
    case 13: {
      // MAP
      const map = remember(new Map())
      for (let i = 0; i < payload; i++) {
        const key = readValue()
        mapSet.call(map, key, readValue())
      }
      return map
    }
    case 14: {
      // SET
      const set = remember(new Set())
      for (let i = 0; i < payload; i++) setAdd.call(set, readValue())
      return set
    }
    case 15: // PART
      return remember(readPart(readDouble()))
  }
}

/** Memory that nobody has zeroed, as all of it is written to. */
function readPart(length) {
  if (length >= LEAST_ADOPTED) {
    const buffer = largeBytes.adopt(partCursor)
    if (buffer !== null) {
      partCursor++
      return buffer
    }
  }
  const bytes = allocUnsafeSlow(length)
  largeBytes.take(partCursor++, bytes)
  return bytes.buffer
}

/** Lets go of the readers of a message, most of which has one or none. */
function forgetShapes() {
  for (let i = 0; i < shapeCount; i++) shapes[i] = undefined
  if (shapeCount > KEPT_SHAPES) shapes.length = 0
}

/** Objects are numbered in the order in which the encoder met them. */
function remember(object) {
  objects?.push(object)
  return object
}

function readView(View) {
  const place = objects === null ? 0 : objects.push(undefined) - 1
  const buffer = readValue()
  const offset = readValue()
  const view = new View(buffer, offset, readValue())
  if (objects !== null) objects[place] = view
  return view
}

/**
 * The value of the message whose words begin at `at` (even) and whose text begins at `textAt`.
 * @param {typeof findShared} find answers the SharedArrayBuffer of a number
 * @param {number} partsAt the place of its first large buffer among those of the batch
 */
function decode(fromWords, fromDoubles, at, fromText, textAt, find = null, partsAt = 0) {
  words = fromWords
  doubles = fromDoubles
  source = fromText
  textCursor = textAt
  findShared = find
  partCursor = partsAt
  cursor = at + HEADER
  objects = words[at] === 1 ? [] : null
  shapeCount = 0
  try {
    return readValue()
  } finally {
    // Nothing of the message is kept alive, nor the value.
    if (shapeCount > 0) forgetShapes()
    source = ''
    objects = null
    findShared = null
    words = NO_WORDS
    doubles = NO_DOUBLES
  }
}

module.exports = { decode }
