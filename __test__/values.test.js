'use strict'

const fc = require('fast-check')
const { WorkerPool } = require('..')
const { PARAMETERS, anything, records, graph } = require('./fixtures/values/arbitraries.js')
const { difference } = require('./fixtures/values/difference.js')
const groups = require('./fixtures/values/specimens.js')
const refused = require('./fixtures/values/refused.js')
const { makeGate, open } = require('./support/gates.js')
const { keep, track } = require('./support/pools.js')
const { outputOf } = require('./support/processes.js')

const TASKS = require.resolve('./fixtures/values/tasks.js')
const pool = keep(new WorkerPool(TASKS, 1))

test('the comparison that these tests rely on sees every difference', () => {
  const object = {}
  const buffer = new ArrayBuffer(8)
  for (const [a, b] of [
    [0, -0],
    [1, 1n],
    [undefined, null],
    [{}, []],
    [{}, Object.create(null)],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 }
    ],
    [[undefined], new Array(1)],
    [Object.assign([1], { x: 1 }), [1]],
    [new Date(0), new Date(1)],
    [/a/g, /a/],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1, 2]), new Set([2, 1])],
    [new Error('a'), new TypeError('a')],
    [Object(1), Object(2)],
    [Uint8Array.of(1), Int8Array.of(1)],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [new Uint8Array(buffer, 0, 4), new Uint8Array(4)],
    [new ArrayBuffer(8), new ArrayBuffer(8, { maxByteLength: 16 })],
    [
      [object, object],
      [{}, {}]
    ],
    [
      [{}, {}],
      [object, object]
    ]
  ])
    expect([a, b, difference(a, b)]).not.toEqual([a, b, null])
  const loop = [object, buffer, -0, Number.NaN]
  loop.push(loop)
  expect(difference(loop, structuredClone(loop))).toBeNull()
})

for (const [title, group] of Object.entries(groups)) {
  describe(`${title} arrive as structuredClone would carry them:`, () => {
    const specimens = Object.entries(group)

    test.each(specimens)('%s, as an input', async (name, make) => {
      expect(await pool.execute(`check ${name}`, make())).toBeNull()
    })

    test.each(specimens)('%s, as a result', async (name, make) => {
      expect(difference(structuredClone(make()), await pool.execute(`make ${name}`))).toBeNull()
    })

    test.each(specimens)('%s, there and back', async (_name, make) => {
      expect(difference(structuredClone(make()), await pool.execute('echo', make()))).toBeNull()
    })

    test.each(specimens)('%s, there and back through an async task', async (_name, make) => {
      expect(difference(structuredClone(make()), await pool.execute('echoLater', make()))).toBeNull()
    })
  })
}

describe('arbitrary values', () => {
  test.each(Object.entries({ anything, records, graph }))(
    '%s: a worker echoes them as structuredClone does',
    async (_name, arbitrary) => {
      await fc.assert(
        fc.asyncProperty(arbitrary, async (value) => {
          expect(difference(structuredClone(value), await pool.execute('echo', value))).toBeNull()
        }),
        PARAMETERS
      )
    },
    60_000
  )

  test('many of them at once, on several workers, come back each to its own caller', async () => {
    const values = fc.sample(anything, PARAMETERS)
    const many = track(new WorkerPool(TASKS, 3), 'close')
    const results = await Promise.all(values.map((value) => many.execute('echo', value)))
    expect(
      results.map((result, i) => difference(structuredClone(values[i]), result)).filter(Boolean)
    ).toEqual([])
  })

  test('in plain Node, values come out as those of the caller, by node:util', async () => {
    const script = require.resolve('./fixtures/values/outside-jest.js')
    const { stdout, stderr } = await outputOf([script], { patience: 55_000 })
    expect(stderr).toBe('')
    expect(stdout).toBe('over\n')
  }, 60_000)
})

describe('what structuredClone refuses is refused, and the pool goes on:', () => {
  test.each(Object.entries(refused))('%s', async (name, make) => {
    expect(() => structuredClone(make())).toThrow()
    await expect(pool.execute('echo', make())).rejects.toMatchObject({
      name: 'PoolError',
      code: 'ERR_NOT_SERIALIZABLE',
      task: 'echo'
    })
    await expect(pool.execute(`make ${name}`)).rejects.toMatchObject({
      name: 'PoolError',
      code: 'ERR_NOT_SERIALIZABLE',
      task: `make ${name}`
    })
    await expect(pool.execute('echo', 'next')).resolves.toBe('next')
  })

  test('also while the only worker is busy', async () => {
    const gate = makeGate()
    const busy = pool.execute((gate) => Atomics.wait(gate, 0, 0, 10_000), gate)
    const queued = Object.values(refused).map((make) => pool.execute('echo', make()))
    const outcomes = Promise.allSettled(queued)
    const next = pool.execute('echo', 'next')
    open(gate)
    await busy
    expect((await outcomes).map(({ reason }) => reason?.code)).toEqual(
      queued.map(() => 'ERR_NOT_SERIALIZABLE')
    )
    await expect(next).resolves.toBe('next')
  })

  test('the error of a getter is the cause', async () => {
    const make = refused['a getter that throws']
    for (const promise of [pool.execute('echo', make()), pool.execute('make a getter that throws')])
      await expect(promise).rejects.toMatchObject({
        message: expect.stringContaining('words of the getter'),
        cause: { message: 'words of the getter' }
      })
  })
})
