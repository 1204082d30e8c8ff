'use strict'

const { createSecretKey, KeyObject } = require('node:crypto')
const { WorkerPool } = require('..')
const { difference } = require('./fixtures/values/difference.js')
const { keep } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')
const { PATIENCE } = require('./support/waiting.js')

jest.setTimeout(8_000)
const TASKS = require.resolve('./fixtures/values/tasks.js')
const pool = keep(new WorkerPool(TASKS, 1))

describe('depth', () => {
  /** Whether structuredClone can carry so many levels on this thread. */
  const carried = (levels) => {
    try {
      structuredClone(nest(levels))
      return true
    } catch {
      return false
    }
  }
  const nest = (levels) => {
    let value = null
    for (let i = 0; i < levels; i++) value = { value }
    return value
  }

  test.each([1, 499, 500, 501, 502, 1000])('an object of %i levels arrives both ways', async (levels) => {
    expect(await pool.execute('depth', nest(levels))).toBe(levels)
    expect(difference(nest(levels), await pool.execute('nest', levels))).toBeNull()
  })

  test.each([3_000, 10_000, 100_000])(
    'an input of %i levels arrives, or is refused as structuredClone refuses it, and the pool goes on',
    async (levels) => {
      const outcome = await pool.execute('depth', nest(levels)).catch((error) => error.code)
      expect(carried(levels) ? [levels] : [levels, 'ERR_NOT_SERIALIZABLE']).toContain(outcome)
      await expect(pool.execute('echo', 'next')).resolves.toBe('next')
    }
  )

  // In a process of its own: if the thread that reads the result is not up to it, that must not end the process.
  test.each([3_000, 10_000, 100_000])(
    'a result of %i levels arrives, or is refused, and the pool goes on',
    async (levels) => {
      const program = `
        const { WorkerPool } = require(${FACE})
        const { nest, depth } = require(${JSON.stringify(TASKS)})
        const pool = new WorkerPool(${JSON.stringify(TASKS)}, 1)
        pool.execute('nest', ${levels})
          .then((value) => console.log(depth(value)), (error) => console.log(error.code))
          .then(() => pool.execute('echo', 'next'))
          .then((value) => console.log(value))
          .finally(() => pool.close())`
      const { stdout } = await outputOf(['-e', program], { patience: PATIENCE })
      expect([`${levels}\nnext\n`, 'ERR_NOT_SERIALIZABLE\nnext\n']).toContain(stdout)
    }
  )
})

describe('getters', () => {
  const counting = (beside) => {
    let count = 0
    return {
      beside,
      get count() {
        return ++count
      }
    }
  }

  test.each([
    ['plain values', 1],
    ['a value that only a port carries', /x/]
  ])('a getter beside %s runs once', async (_name, beside) => {
    expect(structuredClone(counting(beside)).count).toBe(1)
    expect((await pool.execute('echo', counting(beside))).count).toBe(1)
    expect((await pool.execute('countingGetters', { beside })).count).toBe(1)
  })

  test('a getter may itself submit a task', async () => {
    let inner
    const value = {
      before: [1, 'a'],
      get middle() {
        inner = pool.execute('echo', { from: 'the getter' })
        return { b: 2 }
      },
      after: 'end'
    }
    await expect(pool.execute('echo', value)).resolves.toEqual({
      before: [1, 'a'],
      middle: { b: 2 },
      after: 'end'
    })
    await expect(inner).resolves.toEqual({ from: 'the getter' })
  })
})

describe('a prototype that somebody has changed', () => {
  const descriptors = {
    'an enumerable property': { value: 'inherited', enumerable: true, writable: true, configurable: true },
    'a property that cannot be written': { value: 'inherited', configurable: true },
    'a setter': { set() {}, enumerable: true, configurable: true }
  }

  test.each(Object.entries(descriptors))(
    'Object.prototype with %s of the same name',
    async (_name, descriptor) => {
      const values = () => [{ a: 1, changed: 2 }, { a: 1 }, { a: 3 }, { changed: 4, a: 5 }]
      Object.defineProperty(Object.prototype, 'changed', descriptor)
      let result
      try {
        result = await pool.execute('echo', values())
      } finally {
        delete Object.prototype.changed
      }
      expect(difference(values(), result)).toBeNull()
    }
  )

  test('frozen prototypes: keys that are named like inherited methods arrive', async () => {
    const program = `
      for (const { prototype } of [Object, Array, Map, Set, Date, Function]) Object.freeze(prototype)
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool(${JSON.stringify(TASKS)}, 1)
      pool.execute('echo', { constructor: 1, toString: 2, list: [3] })
        .then((value) => console.log(JSON.stringify(value)))
        .finally(() => pool.close())`
    const { stdout } = await outputOf(['-e', program], { patience: PATIENCE })
    expect(stdout).toBe('{"constructor":1,"toString":2,"list":[3]}\n')
  })
})

test('where code generation from strings is off, many objects of one shape arrive', async () => {
  const program = `
    const { WorkerPool } = require(${FACE})
    const pool = new WorkerPool(${JSON.stringify(TASKS)}, 1)
    const list = Array.from({ length: 100 }, (_, id) => ({ id, name: 'n' + id }))
    pool.execute('echo', list)
      .then((value) => console.log(require('node:util').isDeepStrictEqual(value, list)))
      .finally(() => pool.close())`
  const flags = ['--disallow-code-generation-from-strings', '-e', program]
  const { stdout } = await outputOf(flags, { patience: PATIENCE })
  expect(stdout).toBe('true\n')
})

describe('dictionaries, of which each has keys of its own', () => {
  test('leave nothing behind: 1,500 of 1,000 keys each, in 64 MB of memory on either side', async () => {
    const program = `
      const { WorkerPool } = require(${FACE})
      const pool = new WorkerPool(${JSON.stringify(TASKS)}, { size: 1, resourceLimits: { maxOldGenerationSizeMb: 64 } })
      async function main() {
        let wrong = 0
        for (let i = 0; i < 1_500; i++) {
          const dictionary = {}
          for (let k = 0; k < 1_000; k++) dictionary['key' + i + '_' + k] = k
          const result = await pool.execute('echo', dictionary)
          if (Object.keys(result).length !== 1_000 || result['key' + i + '_999'] !== 999) wrong++
        }
        await pool.close()
        console.log('wrong: ' + wrong)
      }
      main()`
    const { stdout } = await outputOf(['--max-old-space-size=64', '-e', program], { patience: 60_000 })
    expect(stdout).toBe('wrong: 0\n')
  }, 60_000)

  test('what pools remember of shapes is gone with the last of them', async () => {
    // Not the bundle, as that has no way to look inside.
    const { WorkerPool } = require('../lib/index.js')
    const { Remembered } = require('../lib/wire/remembered.js')
    const pools = [new WorkerPool(TASKS, 1), new WorkerPool(TASKS, 1)]
    for (const each of pools)
      for (let i = 0; i < 3; i++) await each.execute('echo', { shape: 'of two messages' })
    const held = Remembered.characters
    await pools[0].close()
    const afterOne = Remembered.characters
    await pools[1].close()
    expect([held, afterOne, Remembered.characters]).toEqual([held, held, 0])
    expect(held).toBeGreaterThan(0)
  })
})

test('more text than a string of the engine can have arrives both ways', async () => {
  const program = `
    const { WorkerPool } = require(${FACE})
    const pool = new WorkerPool({ size: 1 })
    const six = (text) => ({ list: [text, text, text, text, text, text] })
    async function main() {
      const text = 'x'.repeat(100_000_000)
      console.log(await pool.execute(({ list }) => list.reduce((sum, each) => sum + each.length, 0), six(text)))
      const { list } = await pool.execute((length) => {
        const text = 'y'.repeat(length)
        return { list: [text, text, text, text, text, text] }
      }, 100_000_000)
      console.log(list.length, list.every((each) => each.length === 100_000_000 && each[99_999_999] === 'y'))
      await pool.close()
    }
    main()`
  const { stdout } = await outputOf(['-e', program], { patience: 60_000 })
  expect(stdout).toBe('600000000\n6 true\n')
}, 60_000)

describe('what Node adds to the structured clone algorithm', () => {
  test('a Blob', async () => {
    const blob = await pool.execute('echo', new Blob(['some ', 'text'], { type: 'text/plain' }))
    expect(blob.type).toBe('text/plain')
    expect(await blob.text()).toBe('some text')
  })

  test('a KeyObject', async () => {
    const key = await pool.execute('echo', { key: createSecretKey('secret', 'utf8') })
    expect(key.key).toBeInstanceOf(KeyObject)
    expect(key.key.export().toString()).toBe('secret')
  })
})

test('values and strings that grow and shrink from task to task arrive', async () => {
  for (const size of [1, 1_000_000, 10, 300_000, 3, 50_000]) {
    const value = { text: 'ä'.repeat(size), numbers: Array.from({ length: size }, (_, i) => i / 2) }
    expect(difference(value, await pool.execute('echo', value))).toBeNull()
  }
})

test('10,000 tasks with a value each give each its own result', async () => {
  const values = Array.from({ length: 10_000 }, (_, i) => ({
    i,
    text: `${i} ж`.repeat(i % 5),
    list: [i, [i / 2]]
  }))
  const results = await Promise.all(values.map((value) => pool.execute('echo', value)))
  expect(difference(values, results)).toBeNull()
})
