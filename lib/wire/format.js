'use strict'

// The wire format of ordinary values: one run of 32-bit tokens and one string.
//
// A value is a token, `payload << 4 | tag`, and whatever its tag says follows. All the characters of
// a message (string values, and the property names of its shapes) stand in one string, in the order
// in which the tokens need them, so that a message crosses between threads as two flat pieces.
//
//  tag  payload                                            what follows
//   0   the number, 28 bits signed
//   1                                                      an aligned float64
//   2   length of a string
//   3   index into CONSTANTS; the one after them is a hole in an array
//   4   index of a shape of this message                   a value for each of its names
//   5   length of a shape's definition, in the text        a value for each of its names
//   6   length of an array                                 its values
//   7   index of an earlier object of this message
//   8   length of a BigInt's hexadecimal text
//   9                                                      a Date's aligned float64
//  10   byte length of an ArrayBuffer                      its bytes, aligned to 8
//  11   index into VIEWS                                   its buffer, byte offset and length
//  12   number of a SharedArrayBuffer that both sides know
//  13   size of a Map                                      its keys and values
//  14   size of a Set                                      its values
//  15                                                      an aligned float64: the length of a large ArrayBuffer
//
// A shape is a list of property names; its definition is that list as JSON. A float64 and bytes begin at
// an even word. A message begins with HEADER words, of which the first says whether tag 7 occurs. Objects
// are numbered in the order in which the encoder meets them, a container before what it contains.
//
// What is in large ArrayBuffers stands beside the words and the text, in memory of its own (src/binding/parts.rs), in
// the order in which the tokens need it: it is copied once when it is written and once when it is read.

/** Words before the first token; the first is 1 if the message has references, the second unused. */
const HEADER = 2

const CONSTANTS = [undefined, null, true, false]
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView
]

/** Functions are compiled for shapes of at most this many names, once used so often. */
const WIDEST_COMPILED_SHAPE = 64
const USES_BEFORE_COMPILING = 16

/** @type {PropertyDescriptor} */
const NOTHING = /** @type {any} */ ({ __proto__: null, value: undefined })

/** The definition of a shape, whatever somebody has given arrays for a `toJSON`. */
function definitionOf(keys) {
  if (keys.toJSON !== undefined) Object.defineProperty(keys, 'toJSON', NOTHING)
  return JSON.stringify(keys)
}

module.exports = {
  HEADER,
  CONSTANTS,
  VIEWS,
  WIDEST_COMPILED_SHAPE,
  USES_BEFORE_COMPILING,
  definitionOf
}
