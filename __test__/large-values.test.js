'use strict'

// Large buffers and texts cross in memory of their own, which is freed however their task ends. Each scene is a process
// of its own, with an addon that counts.

const { ENVIRONMENT } = require('./support/probe.js')
const { runProgram } = require('./support/processes.js')

const PROLOGUE = `
  const { isDeepStrictEqual } = require('node:util')
  const { Faults } = require('./threadmill.testing.node')
  const { outcomeOf } = require('./__test__/support/outcomes.js')
  const bytes = (length, value = 7) => new Uint8Array(length).fill(value)
  const isSame = (a, b) => isDeepStrictEqual(a, structuredClone(b))
  /** How many buffers are left between two isolates, once they have had time to go. */
  const left = async () => {
    for (let n = 0; n < 200 && Faults.parts() > 0; n++) await delay(5)
    return Faults.parts()
  }`

async function play(body, variables = {}) {
  const { status, timedOut, stdout, stderr } = await runProgram(PROLOGUE + body, {
    env: { ...ENVIRONMENT, ...variables },
    patience: 15_000
  })
  if (timedOut || stdout === '') throw new Error(`the scene hangs: ${stdout}${stderr}`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

test('buffers and texts of all lengths and kinds of characters arrive whole, many at a time', async () => {
  const result = await play(`
    const pool = new WorkerPool({ size: 2 })
    const values = []
    for (const length of [2047, 2048, 2049, 4095, 4096, 4097, 70_000, 1_000_003]) {
      values.push(bytes(length, length % 251), 'a'.repeat(length), 'é'.repeat(length), 'ж'.repeat(length))
      values.push('a'.repeat(length - 1) + 'ж', ('x'.repeat(length) + 'ж').slice(0, length))
      values.push({ list: [bytes(length), 'b'.repeat(length)], again: new Float64Array(length).fill(0.5), text: 'é' })
      values.push(Buffer.from('ab'.repeat(length)).subarray(3, 9), '\\ud800'.repeat(length))
    }
    const same = new Uint8Array(10_000)
    values.push([same, same, new DataView(same.buffer, 5)])
    const received = await Promise.all(values.map((value) => pool.execute((value) => value, value)))
    const wrong = received.flatMap((value, index) => (isSame(value, values[index]) ? [] : [index]))
    await pool.close()
    console.log(JSON.stringify({ wrong, isOneBuffer: received.at(-1)[0].buffer === received.at(-1)[2].buffer, left: await left() }))`)
  expect(result).toEqual({ wrong: [], isOneBuffer: true, left: 0 })
})

test('a task is given what its input was when it was submitted', async () => {
  const result = await play(`
    const pool = new WorkerPool({ size: 1 })
    const input = bytes(100_000, 1)
    const running = pool.execute((array) => array.every((each) => each === 1), input)
    input.fill(2)
    console.log(JSON.stringify([await running, input.byteLength]))
    await pool.close()`)
  expect(result).toEqual([true, 100_000])
})

test.each([
  ['copied', 100_000],
  ['of the memory that it was sent in', 40_000_000]
])('a buffer that arrived can be transferred and changed like any other: one %s', async (_name, length) => {
  const result = await play(`
    const pool = new WorkerPool({ size: 1 })
    const received = await pool.execute((array) => {
      array[0] = 9
      return array
    }, bytes(${length}))
    const there = await pool.execute((buffer) => buffer.byteLength, received.buffer, { transfer: [received.buffer] })
    const again = await pool.execute((x) => x, bytes(${length}))
    const moved = structuredClone(again.buffer, { transfer: [again.buffer] })
    await pool.close()
    console.log(JSON.stringify([there, received.byteLength, moved.byteLength, new Uint8Array(moved).at(-1)]))`)
  expect(result).toEqual([length, 0, length, 7])
})

test.each([
  ['copied', 50_000],
  ['that could be handed over', 40_000_000]
])(
  'another try is given the same bytes and text, whatever became of them in the first: %s',
  async (_, length) => {
    const result = await play(`
    const pool = new WorkerPool({ size: 1 })
    const task = ({ array, text }, { attempt }) => {
      const sum = array[0] + array.at(-1) + text.length
      array.fill(0)
      if (attempt < 3) throw new Error('again')
      return sum
    }
    const input = { array: bytes(${length}), text: 'é'.repeat(9000) }
    const sum = await pool.execute(task, input, { retries: { max: 3, delay: 1 } })
    await pool.close()
    console.log(JSON.stringify({ sum, left: await left() }))`)
    expect(result).toEqual({ sum: 9014, left: 0 })
  }
)

describe('the bytes are freed', () => {
  test.each([
    [
      'of a task that was aborted in the queue',
      `const controller = new AbortController()
       const waiting = outcomeOf(pool.execute((x) => x, bytes(50_000), { signal: controller.signal }))
       controller.abort()
       await waiting`
    ],
    [
      'of a task that was refused',
      `for (let n = 0; n < 4; n++) outcomeOf(pool.execute((x) => x, bytes(50_000)))`
    ],
    ['of tasks that were cancelled at the end', `outcomeOf(pool.execute((x) => x, bytes(50_000)))`]
  ])('%s', async (_name, body) => {
    const result = await play(`
      const pool = new WorkerPool({ size: 1, maxQueue: 2 })
      const gate = makeGate()
      const held = outcomeOf(pool.execute((gate) => Atomics.wait(gate, 1, 0), gate))
      ${body}
      const before = Faults.parts()
      await pool.terminate()
      await held
      console.log(JSON.stringify({ isBounded: before <= 2, left: await left() }))`)
    expect(result).toEqual({ isBounded: true, left: 0 })
  })

  test('of a task whose worker died, and of what nobody wants that it answered', async () => {
    const result = await play(`
      const pool = new WorkerPool({ size: 1, keepWorkerAfterStop: true })
      const died = await outcomeOf(pool.execute(() => process.exit(3), bytes(50_000)))
      const controller = new AbortController()
      const gate = makeGate()
      const answering = outcomeOf(
        pool.execute(
          (gate) => {
            Atomics.store(gate, 0, 1)
            Atomics.notify(gate, 0)
            Atomics.wait(gate, 1, 0)
            return new Uint8Array(70_000)
          },
          gate,
          { signal: controller.signal }
        )
      )
      await until(() => Atomics.load(gate, 0) === 1)
      Atomics.store(gate, 1, 1)
      Atomics.notify(gate, 1)
      const end = performance.now() + 100
      while (performance.now() < end); // it answers meanwhile
      controller.abort(new Error('late'))
      await answering
      await pool.close()
      console.log(JSON.stringify({ code: died.code ?? died.error?.code, left: await left() }))`)
    expect(result).toEqual({ code: 'ERR_WORKER_EXITED', left: 0 })
  })
})

test('where V8 cannot be given memory, all bytes are copied', async () => {
  const result = await play(
    `
    const pool = new WorkerPool({ size: 1 })
    const input = bytes(40_000_000)
    const received = await pool.execute((x) => x, input)
    const moved = structuredClone(received.buffer, { transfer: [received.buffer] })
    await pool.close()
    console.log(JSON.stringify([isSame(new Uint8Array(moved), input), await left()]))`,
    { THREADMILL_NO_BORROW: '1' }
  )
  expect(result).toEqual([true, 0])
})

describe('without memory', () => {
  test('for the copy of a buffer, a port carries the value', async () => {
    const result = await play(`
      const pool = new WorkerPool({ size: 1 })
      await pool.execute(() => {}, 1)
      Faults.refuse('part')
      const input = { array: bytes(100_000) }
      console.log(JSON.stringify(isSame(await pool.execute((x) => x, input), input)))
      await pool.close()`)
    expect(result).toBe(true)
  })

  test('for the copy of a text, its task is refused, or rejects, and the pool goes on', async () => {
    const result = await play(`
      const pool = new WorkerPool({ size: 1 })
      await pool.execute(() => {}, 1)
      const text = 'x'.repeat(100_000)
      Faults.refuse('long text')
      const { error } = await outcomeOf(pool.execute((x) => x.length, text))
      Faults.refuse('long text')
      const answered = await outcomeOf(pool.execute(() => 'x'.repeat(100_000)))
      const next = await pool.execute((x) => x.length, text)
      console.log(JSON.stringify([error?.code, answered.error?.code, next]))
      await pool.close()`)
    expect(result).toEqual(['ERR_OUT_OF_MEMORY', 'ERR_OUT_OF_MEMORY', 100_000])
  })
})
