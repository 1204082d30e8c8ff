'use strict'

// What native tasks answer is memory like any other: it can be handed on to another task, thread or process of the
// program's, which then has it for as long as it likes.

const { randomBytes } = require('node:crypto')
const { MessageChannel, receiveMessageOnPort } = require('node:worker_threads')
const zlib = require('node:zlib')
const { move, WorkerPool } = require('..')
const { compress, decompress, hash } = require('../native.js')
const { ENVIRONMENT } = require('./support/probe.js')
const { sha256 } = require('./support/bytes.js')
const { keep } = require('./support/pools.js')
const { runProgram } = require('./support/processes.js')

/** Where V8 takes memory that others free. */
const HANDS_ON = process.platform === 'linux'
const onLinux = HANDS_ON ? test : test.skip // elsewhere Node takes it, and marks it as not to be transferred

const pool = keep(new WorkerPool({ size: 1 }))
const data = randomBytes(300_000)
const packed = () => pool.execute(compress, { data, algorithm: 'gzip' })
const unpack = (bytes) => zlib.gunzipSync(bytes).equals(data)

describe('the output of a native task', () => {
  onLinux('is transferred to a JavaScript task', async () => {
    const output = await packed()
    const read = pool.execute((bytes) => require('node:zlib').gunzipSync(bytes), output, {
      transfer: [output.buffer]
    })
    expect(output).toHaveLength(0)
    expect(data.equals(await read)).toBe(true)
  })

  onLinux('is transferred there and moved back', async () => {
    const output = await packed()
    const task = (bytes) => require('./index.js').move(bytes)
    const back = await pool.execute(task, output, { transfer: [output.buffer] })
    expect(output).toHaveLength(0)
    expect(unpack(back)).toBe(true)
  })

  onLinux('is transferred to a native task', async () => {
    const output = await packed()
    const expected = sha256(output)
    const digest = pool.execute(hash, { data: output, algorithm: 'sha256' }, { transfer: [output.buffer] })
    expect(output).toHaveLength(0)
    expect(await digest).toBe(expected)
  })

  test('is read by another native task where it is, and is still there', async () => {
    const output = await packed()
    expect(data.equals(await pool.execute(decompress, { data: output, algorithm: 'gzip' }))).toBe(true)
    expect(unpack(output)).toBe(true)
  })

  onLinux('is transferred by structuredClone and through a port', async () => {
    const [output, other] = [await packed(), await packed()]
    const clone = structuredClone(output, { transfer: [output.buffer] })
    const { port1, port2 } = new MessageChannel()
    port1.postMessage(other, [other.buffer])
    const { message } = receiveMessageOnPort(port2)
    port1.close()
    expect([output.length, other.length]).toEqual([0, 0])
    expect([clone, message].map((bytes) => unpack(bytes))).toEqual([true, true])
  })

  const moving = 'transfer' in ArrayBuffer.prototype ? onLinux : test.skip // Node 20 has no transfer()
  moving('is moved, and changes its length, by transfer() like any ArrayBuffer', async () => {
    const output = await packed()
    const { buffer, length } = /** @type {any} */ (output)
    const longer = buffer.transfer(length + 4)
    expect(output).toHaveLength(0)
    expect(unpack(Buffer.from(longer, 0, length))).toBe(true)
    expect(Buffer.from(longer, length)).toEqual(Buffer.alloc(4))
  })
})

test('move() takes what a native task has answered', async () => {
  const output = await packed()
  if (HANDS_ON) expect(move(output)).toBe(output)
  else expect(() => move(output)).toThrow(TypeError)
})

/** Runs a program of its own with garbage to be collected, and answers what it prints. */
async function play(body, variables = {}) {
  const { status, timedOut, stdout, stderr } = await runProgram(body, {
    env: { ...ENVIRONMENT, ...variables },
    flags: ['--expose-gc'],
    patience: 15_000
  })
  if (timedOut || stdout === '') throw new Error(`the scene hangs: ${stdout}${stderr}`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

onLinux('memory that was handed on is freed once, wherever it has gone', async () => {
  const { given, freed, read } = await play(`
    const { Faults } = require('./threadmill.testing.node')
    const pool = new WorkerPool({ size: 1, nativeThreads: 1 })
    const collect = async () => {
      for (let n = 0; n < 5; n++) {
        gc()
        await delay(1)
      }
    }
    const [given, freed] = Faults.handedOver()
    let read = 0
    const numbers = () => pool.execute('native:probe-arrays', { length: 10_000 })
    for (let n = 0; n < 8; n++) {
      const output = await numbers()
      const options = { transfer: [output.buffer] }
      if (n % 4 === 0) read += await pool.execute((numbers) => numbers.length, output, options)
      else if (n % 4 === 1) read += structuredClone(output, options).length
      else if (n % 4 === 2) read += (await pool.execute((numbers) => require('.').move(numbers), output, options)).length
      else read += output.length
    }
    await pool.close() // the workers' heaps go, and what is theirs
    await collect()
    const [givenThen, freedThen] = Faults.handedOver()
    console.log(JSON.stringify({ given: givenThen - given, freed: freedThen - freed, read }))`)
  // Eight outputs, and what wakes the worker.
  expect({ given, freed, read }).toEqual({ given: 9, freed: 9, read: 80_000 })
})

onLinux('memory that the thread of a pool has handed on outlives that thread', async () => {
  const program = `
    const { once } = require('node:events')
    const { Worker } = require('node:worker_threads')
    const thread = new Worker(\`
      const { parentPort } = require('node:worker_threads')
      const { WorkerPool } = require('.')
      const { compress } = require('./native.js')
      const pool = new WorkerPool({ nativeThreads: 1 })
      const data = Buffer.alloc(1 << 20, 'threadmill')
      pool.execute(compress, { data, algorithm: 'gzip', level: 0 }).then(async (output) => {
        parentPort.postMessage(output, [output.buffer])
        setInterval(() => {}, 1000)
      })
    \`, { eval: true })
    const [bytes] = await once(thread, 'message')
    await thread.terminate()
    for (let n = 0; n < 5; n++) {
      gc()
      await delay(1)
    }
    const whole = require('node:zlib').gunzipSync(bytes).equals(Buffer.alloc(1 << 20, 'threadmill'))
    console.log(JSON.stringify(whole))`
  expect(await play(program)).toBe(true)
})

test('where V8 does not take it, an output that is to be transferred stays its owners, who is told', async () => {
  const { code, message, length } = await play(
    `
    const { compress } = require('./native.js')
    const pool = new WorkerPool({ size: 1 })
    const output = await pool.execute(compress, { data: require('node:crypto').randomBytes(10_000) })
    const failed = await pool.execute((bytes) => bytes.length, output, { transfer: [output.buffer] }).catch((error) => error)
    console.log(JSON.stringify({ code: failed.code, message: failed.message, length: output.length }))
    await pool.close()`,
    { THREADMILL_NO_BORROW: '1' }
  )
  expect({ code, isWhole: length > 10_000 }).toEqual({ code: 'ERR_INVALID_ARG_VALUE', isWhole: true })
  expect(message).toMatch(/^The option 'transfer\[0\]' cannot be transferred/)
})
