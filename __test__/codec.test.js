'use strict'

const fc = require('fast-check')
const { largeBytes } = require('../lib/addon.js')
const { decode } = require('../lib/wire/decode.js')
const { encode, encoded, letGo } = require('../lib/wire/encode.js')
const { ARGUMENT, CALL } = require('../lib/wire/layout.js')
const { MOST_CHARACTERS, Remembered } = require('../lib/wire/remembered.js')
const { PARAMETERS, anything, records, graph } = require('./fixtures/values/arbitraries.js')
const { difference } = require('./fixtures/values/difference.js')
const groups = require('./fixtures/values/specimens.js')
const refused = require('./fixtures/values/refused.js')

// Large buffers go beside the words, through Rust: here, from the one side of this file to the other.
let kept = []
jest.spyOn(largeBytes, 'keep').mockImplementation((bytes) => kept.push(bytes.slice()) - 1)
jest.spyOn(largeBytes, 'discard').mockImplementation((from) => {
  kept.length = from
})
jest.spyOn(largeBytes, 'adopt').mockImplementation(() => null)
jest.spyOn(largeBytes, 'take').mockImplementation((at, target) => target.set(kept[at]))
beforeEach(() => {
  kept = []
})

/** What `encode` wrote last, behind `ahead` other words and `before` other characters, decoded. */
function decoded(find = null, ahead = 6, before = 'other text') {
  const bytes = encoded.bytes.subarray(CALL * 4, CALL * 4 + encoded.byteLength)
  const words = new Int32Array(ahead + bytes.length / 4 + (bytes.length & 4) / 4)
  new Uint8Array(words.buffer).set(bytes, ahead * 4)
  const text = `${before}${encoded.text}`
  const value = decode(words, new Float64Array(words.buffer), ahead, text, before.length, find)
  letGo()
  return value
}

/** There and back; `undefined` if the value is one for a port. */
const roundTrip = (value) => (encode(value) ? { value: decoded() } : undefined)

describe('what is encoded is decoded as structuredClone would have it', () => {
  for (const [title, group] of Object.entries(groups)) {
    test.each(Object.entries(group))(`${title}: %s`, (_name, make) => {
      const result = roundTrip(make())
      // Often enough for functions to be compiled for its shapes.
      for (let i = 0; i < 40; i++) roundTrip(make())
      const again = roundTrip(make())
      if (result !== undefined) expect(difference(structuredClone(make()), result.value)).toBeNull()
      if (again !== undefined) expect(difference(structuredClone(make()), again.value)).toBeNull()
    })
  }

  test.each(Object.entries({ anything, records, graph }))('arbitrary values: %s', (_name, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const result = roundTrip(value)
        if (result !== undefined) expect(difference(structuredClone(value), result.value)).toBeNull()
      }),
      { ...PARAMETERS, numRuns: 2_000 }
    )
  })
})

describe('ordinary values do not need a port', () => {
  test.each([
    'objects of everything',
    'a Map',
    'a Set',
    'a Date',
    'a BigInt',
    'bytes',
    'a cycle',
    '500 levels'
  ])('%s', (name) => {
    const loop = {}
    loop.loop = loop
    let deep = 1
    for (let i = 0; i < 500; i++) deep = [deep]
    const value = {
      'objects of everything': { n: 1.5, i: 7, s: 'ä€', b: [true, null, undefined], o: [{}, { '': -0 }] },
      'a Map': new Map([[{}, []]]),
      'a Set': new Set([1]),
      'a Date': new Date(0),
      'a BigInt': [-1n],
      bytes: [Uint8Array.of(1, 2, 3), new ArrayBuffer(16_384)],
      'a cycle': loop,
      '500 levels': deep
    }[name]
    expect(encode(value)).toBe(true)
    expect(difference(structuredClone(value), decoded())).toBeNull()
  })
})

describe('what needs a port is left to it', () => {
  test.each(Object.entries(refused).filter(([name]) => !name.startsWith('a getter')))('%s', (_name, make) => {
    expect(encode(make())).toBe(false)
  })

  test('a RegExp, an error, holes, boxed values, instances of classes, resizable buffers', () => {
    for (const value of [
      /x/,
      new Error('x'),
      new Array(3),
      Object(1),
      new (class A {})(),
      new ArrayBuffer(8, { maxByteLength: 16 }),
      new SharedArrayBuffer(8)
    ]) {
      expect(encode(value)).toBe(false)
      expect(encode([{ value }])).toBe(false)
    }
  })
})

describe('one message after another', () => {
  test('objects that occur twice in one message are nobody in the next', () => {
    for (let count = 1; count <= 20; count++) {
      const objects = Array.from({ length: count }, (_, i) => ({ i }))
      for (const twice of objects) {
        const first = [...objects, twice]
        const second = [...Array.from({ length: 12 }, () => ({})), ...objects]
        expect(difference(structuredClone(first), roundTrip(first).value)).toBeNull()
        expect(difference(structuredClone(second), roundTrip(second).value)).toBeNull()
      }
    }
  })

  test('a value that had to be left to a port half-way does not show in the next', () => {
    const objects = Array.from({ length: 20 }, (_, i) => ({ i, [`key${i}`]: 'text' }))
    for (let count = 0; count < 20; count++) {
      const some = objects.slice(0, count)
      expect(encode([...some, some[0], /x/])).toBe(false)
      expect(difference(structuredClone(objects), roundTrip(objects).value)).toBeNull()
    }
  })

  test('a getter that throws does not show in the next', () => {
    const objects = Array.from({ length: 20 }, (_, i) => ({ i }))
    const throwing = {
      get x() {
        throw new Error('of the getter')
      }
    }
    for (let count = 0; count < 20; count++) {
      expect(() => encode([...objects.slice(0, count), objects[0], throwing])).toThrow('of the getter')
      expect(difference(structuredClone(objects), roundTrip(objects).value)).toBeNull()
    }
  })

  test('more shapes than are remembered', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => ({
      [`only${i}`]: i,
      [`here${i}`]: { [`n${i}`]: [] }
    }))
    expect(difference(structuredClone(values), roundTrip(values).value)).toBeNull()
    for (const value of values.slice(0, 100)) expect(roundTrip(value).value).toEqual(value)
  })

  test('more shapes than are remembered, in the middle of a list of one shape', () => {
    const values = Array.from({ length: 12_000 }, (_, i) =>
      i % 2 ? { id: i, next: i / 2 } : { [`unique${i}`]: i }
    )
    expect(difference(structuredClone(values), roundTrip(values).value)).toBeNull()
  })
})

describe('what is remembered of the shapes of objects', () => {
  beforeEach(() => Remembered.forgetAll())
  afterAll(() => Remembered.forgetAll())

  test('is nothing of those that came once, however many objects of a message had them', () => {
    for (let i = 0; i < 60; i++) {
      const keys = Array.from({ length: 50 }, (_, k) => `once${i}_${k}`)
      const object = () => Object.fromEntries(keys.map((key, k) => [key, k]))
      const value = Array.from({ length: 20 }, object)
      expect(difference(structuredClone(value), roundTrip(value).value)).toBeNull()
    }
    expect(Remembered.characters).toBe(0)
  })

  test('is what came in two messages, on either side', () => {
    for (let i = 0; i < 2; i++) roundTrip({ id: 1, name: 'x' })
    expect(Remembered.characters).toBe(2 * '["id","name"]'.length)
  })

  test('is bounded by characters: few wide shapes as many narrow ones', () => {
    for (const width of [1, 30, 900, 5_000]) {
      const objects = Array.from({ length: Math.ceil((1.25 * MOST_CHARACTERS) / (9 * width)) }, (_, i) =>
        Object.fromEntries(Array.from({ length: width }, (_, k) => [`k${i}_${k}`, k]))
      )
      for (let round = 0; round < 2; round++) for (const object of objects) roundTrip(object)
      expect(Remembered.characters).toBeLessThanOrEqual(2 * MOST_CHARACTERS)
      for (const object of objects.slice(0, 3)) expect(roundTrip(object).value).toEqual(object)
    }
  })
})

describe('objects of many shapes', () => {
  const some = (names) => Object.fromEntries(names.map((name, index) => [name, index]))

  test('that begin alike, end early or have the same names in another order, again and again', () => {
    const names = ['a', 'b', 'c', '__proto__', 'constructor', '1', 'ж']
    const value = []
    for (let chosen = 0; chosen < 1 << names.length; chosen++) {
      const part = names.filter((_, index) => chosen & (1 << index))
      value.push(some(part), some([...part].reverse()))
    }
    for (let again = 0; again < 4; again++)
      expect(difference(structuredClone(value), roundTrip(value).value)).toBeNull()
  })

  test('of which there are more than are remembered', () => {
    for (let again = 0; again < 3; again++) {
      for (let first = 0; first < 4000; first += 500) {
        const value = Array.from({ length: 500 }, (_, id) =>
          some([`key ${first + id}`, `another ${id % 7}`, 'same'])
        )
        expect(difference(structuredClone(value), roundTrip(value).value)).toBeNull()
      }
    }
    expect(Remembered.characters).toBeLessThanOrEqual(2 * MOST_CHARACTERS)
  })
})

describe('large buffers', () => {
  test('go beside the words, each once, and the words stay short', () => {
    const bytes = new Uint8Array(100_000).fill(7)
    const value = {
      bytes,
      again: bytes,
      half: bytes.subarray(50_000),
      other: new Float64Array(5000).fill(0.5)
    }
    expect(encode(value)).toBe(true)
    expect([encoded.int32[ARGUMENT.PARTS], kept.length, encoded.byteLength < 200]).toEqual([2, 2, true])
    expect(difference(structuredClone(value), decoded())).toBeNull()
  })

  test('are let go of if the message turns out to be one for a port, or a getter throws', () => {
    expect(encode([new ArrayBuffer(100_000), /x/])).toBe(false)
    expect(kept).toEqual([])
    const thrower = {
      bytes: new ArrayBuffer(100_000),
      get broken() {
        throw new Error('broken')
      }
    }
    expect(() => encode(thrower)).toThrow('broken')
    expect(kept).toEqual([])
  })

  test('are let go of if the message is not sent', () => {
    expect(encode(new ArrayBuffer(100_000))).toBe(true)
    letGo()
    expect([encoded.int32[ARGUMENT.PARTS], kept]).toEqual([0, []])
  })

  test('are left to a port if there is no memory for a copy', () => {
    largeBytes.keep.mockReturnValueOnce(null)
    expect(encode(new ArrayBuffer(100_000))).toBe(false)
    expect(encode(new ArrayBuffer(100_000))).toBe(true)
    letGo()
  })
})

describe('a message that is too large for one text', () => {
  const half = 'x'.repeat(70_000_000)

  test.each([
    ['of strings', () => [half, half]],
    ['of a string and a BigInt', () => [half, half.slice(0, 0x7ffffff - half.length), 10n]],
    ['of a string and names', () => [half, half.slice(0, 0x7ffffff - half.length), { a: 1 }]]
  ])('%s is left to a port, and the next is not', (_name, make) => {
    expect(encode(make())).toBe(false)
    expect(roundTrip({ a: [1, 'x'] }).value).toEqual({ a: [1, 'x'] })
  })
})

describe('the memory that is written to', () => {
  const isSame = (a, b) =>
    ArrayBuffer.isView(a)
      ? Buffer.from(a.buffer).equals(Buffer.from(b.buffer))
      : Object.is(Number(a), Number(b))

  test.each([
    ['numbers', 1, (i) => i],
    ['fractions', 3, (i) => i + 0.5],
    ['numbers and fractions in turn', 2, (i) => i / 2],
    ['Dates', 3, (i) => new Date(i)],
    ['buffers', 64, (i) => new Uint8Array((i % 200) + 1).fill(i)]
  ])('grows in time, wherever it ends: %s', (_name, words, make) => {
    for (let offset = -12; offset <= 4; offset++) {
      let fresh
      jest.isolateModules(() => {
        fresh = { ...require('../lib/wire/decode.js'), ...require('../lib/wire/encode.js') }
      })
      const size = fresh.encoded.int32.length
      for (const length of [Math.ceil(size / words) + offset, size + offset]) {
        const value = Array.from({ length: Math.ceil(length / (words > 3 ? 32 : 1)) }, (_, i) => make(i))
        expect(fresh.encode(value)).toBe(true)
        const { bytes, byteLength, text } = fresh.encoded
        const copy = bytes.slice(CALL * 4, CALL * 4 + ((byteLength + 7) & ~7))
        const result = fresh.decode(new Int32Array(copy.buffer), new Float64Array(copy.buffer), 0, text, 0)
        expect(result).toHaveLength(value.length)
        expect(value.findIndex((item, i) => !isSame(item, result[i]))).toBe(-1)
      }
    }
  })

  test('bytes that do not fit are behind everything that was written before them', () => {
    for (let count = 0; count < 40; count++) {
      const value = [
        ...Array(count).keys(),
        ...Array.from({ length: 6 }, () => new Uint8Array(16_000 + count).fill(count + 1))
      ]
      expect(difference(structuredClone(value), roundTrip(value).value)).toBeNull()
    }
  })

  test('leaves the words ahead of a message to the arguments of its call', () => {
    expect(encode({ a: [1.5, 'text'] })).toBe(true)
    for (const index of Object.values(ARGUMENT)) encoded.int32[index] = -1
    encoded.float64[ARGUMENT.PRIORITY] = -1
    expect(decoded()).toEqual({ a: [1.5, 'text'] })
  })
})

test('what a getter encodes meanwhile is left to a port, and does not disturb', () => {
  let inner
  const value = {
    before: [1, 'a', { b: 2 }],
    get middle() {
      inner = encode({ other: 'text', list: [1, 2, 3] })
      return { c: 'd' }
    },
    after: { b: 3 }
  }
  expect(encode(value)).toBe(true)
  expect(inner).toBe(false)
  expect(decoded()).toEqual({ before: [1, 'a', { b: 2 }], middle: { c: 'd' }, after: { b: 3 } })
})

describe('SharedArrayBuffers', () => {
  test('cross as numbers, each buffer as one', () => {
    const [a, b] = [new SharedArrayBuffer(8), new SharedArrayBuffer(16)]
    const known = [b, a]
    const share = (buffer) => known.indexOf(buffer)
    expect(encode({ a, b, view: new Int32Array(a, 4, 1), again: [a] }, share)).toBe(true)
    const result = decoded((number) => known[number])
    expect(result.a).toBe(a)
    expect(result.b).toBe(b)
    expect(result.again[0]).toBe(a)
    expect(result.view.buffer).toBe(a)
    expect([result.view.byteOffset, result.view.length]).toEqual([4, 1])
  })

  test('are left to a port where nobody gives them a number', () => {
    expect(encode(new SharedArrayBuffer(8))).toBe(false)
    expect(encode(new SharedArrayBuffer(8), () => -1)).toBe(false)
  })
})
