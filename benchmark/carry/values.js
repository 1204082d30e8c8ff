'use strict'

// What `carry` carries: `[group, name, make, how]`. `make(random)` makes a value; `random()` is the same row of numbers
// each time, on every thread. `how`, where it is not the usual:
//
//   bytes      that one copy of the value takes, where there is such a number
//   route      'there' to a task that returns nothing, 'back' from one that is given a name, 'moved' with its memory
//              transferred both ways; else there and back
//   inFlight   tasks at a time; else 16
//   variety    so many different values in turn; else the same one each time

const KB = 1000
const MB = 1000 * KB

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ACCENTS = 'àéîõüßçñ'
const BEYOND = 'привет世界日本語ελ'

/** Flat, as a text that was read from somewhere is. */
function text(random, length, alphabet = LETTERS) {
  const units = new Uint16Array(length)
  for (let i = 0; i < length; i++) units[i] = alphabet.charCodeAt(Math.floor(random() * alphabet.length))
  const flat = Buffer.from(units.buffer).toString('utf16le')
  return alphabet === BEYOND ? flat : Buffer.from(flat, 'latin1').toString('latin1')
}

const list = (length, make) => Array.from({ length }, (_, index) => make(index))

const record = (random, id) => ({
  id,
  name: `Product number ${id}`,
  price: Math.round(random() * 1e4) / 100,
  active: random() < 0.5,
  stock: Math.floor(random() * 100),
  category: text(random, 8),
  comment: text(random, 20),
  parent: null
})

const dated = (random, id) => ({
  ...record(random, id),
  created: new Date(1.7e12 + Math.floor(random() * 1e9))
})

const nested = (random, id) => ({
  id,
  owner: { name: text(random, 12), address: { street: text(random, 16), zip: Math.floor(random() * 1e5) } },
  tags: list(3, () => text(random, 6)),
  prices: list(4, () => random())
})

/** Of eight fields each is there or not. */
function optional(random, id) {
  const all = record(random, id)
  return Object.fromEntries(Object.entries(all).filter(([key]) => key === 'id' || random() < 0.7))
}

const ofOwnShape = (random, id) => ({ id, [`field${id}`]: random(), [`other${id}`]: text(random, 8) })

const dictionary = (random, length) =>
  Object.fromEntries(list(length, () => [text(random, 10), Math.floor(random() * 1e6)]))

function deep(depth) {
  let value = {}
  for (let i = 0; i < depth; i++) value = { i, inner: value }
  return value
}

function failure() {
  const cause = Object.assign(new TypeError('The file is not there'), { code: 'ENOENT' })
  return Object.assign(new Error('It could not be read', { cause }), { path: '/tmp/file' })
}

const bytes = (random, length) => Buffer.from(text(random, length), 'latin1')
const doubles = (random, length) => Float64Array.from({ length }, random)

const texts = [
  ['text', 'text of 10 B', (random) => text(random, 10), { bytes: 10 }],
  ['text', 'text of 1 KB', (random) => text(random, KB), { bytes: KB }],
  ['text', 'text of 10 KB', (random) => text(random, 10 * KB), { bytes: 10 * KB }],
  ['text', 'text of 100 KB', (random) => text(random, 100 * KB), { bytes: 100 * KB }],
  ['text', 'text of 1 MB', (random) => text(random, MB), { bytes: MB }],
  ['text', 'text of 10 MB', (random) => text(random, 10 * MB), { bytes: 10 * MB, inFlight: 4 }],
  ['text', 'text of 100 KB, accents', (random) => text(random, 100 * KB, ACCENTS), { bytes: 100 * KB }],
  ['text', 'text of 1 MB, accents', (random) => text(random, MB, ACCENTS), { bytes: MB }],
  ['text', '100 characters beyond Latin-1', (random) => text(random, 100, BEYOND), { bytes: 200 }],
  ['text', '10 k characters beyond Latin-1', (random) => text(random, 10 * KB, BEYOND), { bytes: 20 * KB }],
  ['text', '1 M characters beyond Latin-1', (random) => text(random, MB, BEYOND), { bytes: 2 * MB }]
]

const plain = [
  ['number', 'a number', () => 42],
  ['number', 'a double', () => 0.1],
  ['number', 'a bigint', () => 12345678901234567890n],
  ['number', 'a Date', () => new Date(1.7e12)],
  ['array', '10,000 integers', (random) => list(10_000, () => Math.floor(random() * 1e6))],
  ['array', '1,000 doubles', (random) => list(1000, random)],
  ['array', '100,000 doubles', (random) => list(100_000, random), { inFlight: 4 }],
  ['array', '1,000 texts', (random) => list(1000, () => text(random, 12))],
  [
    'array',
    '1,000 of different kinds',
    (random) => list(1000, (i) => [i, random(), `${i}`, null, true][i % 5])
  ]
]

const records = [
  ['record', '{ a: 1 }', () => ({ a: 1 })],
  ['record', 'a record', (random) => record(random, 1)],
  ['record', 'a record with a Date', (random) => dated(random, 1)],
  ['record', 'a nested record', (random) => nested(random, 1)],
  ['record', '20 records', (random) => list(20, (id) => record(random, id))],
  ['record', '1,000 records', (random) => list(1000, (id) => record(random, id))],
  ['record', '10,000 records', (random) => list(10_000, (id) => record(random, id)), { inFlight: 2 }],
  ['record', '1,000 records with Dates', (random) => list(1000, (id) => dated(random, id))],
  ['record', '200 nested records', (random) => list(200, (id) => nested(random, id))],
  ['record', '200 records, fields optional', (random) => list(200, (id) => optional(random, id))],
  ['record', '100 objects of 100 shapes', (random) => list(100, (id) => ofOwnShape(random, id))],
  ['record', '200 deep', () => deep(200)]
]

const collections = [
  ['dictionary', '10 random keys', (random) => dictionary(random, 10), { variety: 32 }],
  ['dictionary', '500 random keys', (random) => dictionary(random, 500), { variety: 32 }],
  ['dictionary', '50,000 random keys', (random) => dictionary(random, 50_000), { variety: 2, inFlight: 2 }],
  ['collection', 'a Map of 100', (random) => new Map(list(100, (id) => [text(random, 8), id]))],
  ['collection', 'a Map of 10,000', (random) => new Map(list(10_000, (id) => [text(random, 8), id]))],
  ['collection', 'a Set of 100', (random) => new Set(list(100, () => text(random, 8)))],
  ['collection', 'a Set of 10,000', (random) => new Set(list(10_000, random))]
]

const buffers = [
  ['buffer', 'Buffer of 100 B', (random) => bytes(random, 100), { bytes: 100 }],
  ['buffer', 'Buffer of 10 KB', (random) => bytes(random, 10 * KB), { bytes: 10 * KB }],
  ['buffer', 'Buffer of 100 KB', (random) => bytes(random, 100 * KB), { bytes: 100 * KB }],
  ['buffer', 'Buffer of 1 MB', (random) => bytes(random, MB), { bytes: MB }],
  ['buffer', 'Buffer of 10 MB', (random) => bytes(random, 10 * MB), { bytes: 10 * MB, inFlight: 4 }],
  ['buffer', 'Buffer of 64 MB', () => Buffer.alloc(64 * MB, 7), { bytes: 64 * MB, inFlight: 2 }],
  ['buffer', 'Float64Array of 1,000', (random) => doubles(random, 1000), { bytes: 8 * KB }],
  ['buffer', 'Float64Array of a million', (random) => doubles(random, MB), { bytes: 8 * MB, inFlight: 4 }],
  ['buffer', 'a record with 100 KB', (random) => ({ ...record(random, 1), data: bytes(random, 100 * KB) })],
  ['moved', 'ArrayBuffer of 1 KB, moved', () => new ArrayBuffer(KB), { route: 'moved' }],
  ['moved', 'ArrayBuffer of 1 MB, moved', () => new ArrayBuffer(MB), { route: 'moved' }],
  ['moved', 'ArrayBuffer of 64 MB, moved', () => new ArrayBuffer(64 * MB), { route: 'moved', inFlight: 2 }]
]

const engine = [
  ['engine', 'an Error with a cause', failure],
  ['engine', 'a RegExp', () => /ab+c/giu],
  ['engine', 'a record with a RegExp', (random) => ({ ...record(random, 1), pattern: /ab+c/ })]
]

/** The same values by other routes, and more or fewer of them at a time. */
const ways = [
  ['{ a: 1 }', { inFlight: 256 }],
  ['a record', { inFlight: 256 }],
  ['text of 1 KB', { inFlight: 256 }],
  ['Buffer of 10 KB', { inFlight: 256 }],
  ['a RegExp', { inFlight: 256 }],
  ['1,000 records', { inFlight: 1 }],
  ['Buffer of 1 MB', { inFlight: 1 }],
  ['text of 100 KB', { route: 'there' }],
  ['1,000 records', { route: 'there' }],
  ['Buffer of 1 MB', { route: 'there' }],
  ['text of 100 KB', { route: 'back' }],
  ['1,000 records', { route: 'back' }],
  ['Buffer of 1 MB', { route: 'back' }]
]

/** @typedef {{ group: string, name: string, label: string, make: (random: () => number) => any, bytes: number | undefined, route: 'both' | 'there' | 'back' | 'moved', inFlight: number, variety: number }} Cell */

const IN_FLIGHT = 16

function cell([group, name, make, how = {}], other = {}) {
  const { bytes = undefined, route = 'both', inFlight = IN_FLIGHT, variety = 1 } = { ...how, ...other }
  const notes = []
  if (other.route !== undefined) notes.push(`${route} only`)
  if (other.inFlight !== undefined) notes.push(`${inFlight} in flight`)
  return { group, name, label: [name, ...notes].join(', '), make, bytes, route, inFlight, variety }
}

const values = [...texts, ...plain, ...records, ...collections, ...buffers, ...engine]

/** @type {Cell[]} */
const cells = [
  ...values.map((value) => cell(value)),
  ...ways.map(([name, how]) => cell(/** @type {any} */ (values.find((value) => value[1] === name)), how))
]

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** The values of a cell, in the order in which they are carried. */
const valuesOf = ({ make, variety }) => list(variety, (index) => make(randomFrom(index + 1)))

module.exports = { cells, valuesOf }
