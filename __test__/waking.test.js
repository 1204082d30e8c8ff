'use strict'

// How results wake an event loop: by libuv, or where that is not to be had, by Node-API. What users see is the same.

const { runProgram } = require('./support/processes.js')

const WAYS = [
  ['by libuv', {}],
  ['by Node-API', { THREADMILL_NO_LIBUV: '1' }]
]

describe.each(WAYS)('%s', (_, variables) => {
  const env = { ...process.env, ...variables }
  const run = (body) => runProgram(body, { env, patience: 30_000 })

  test('results come one by one and many at a time, and the process ends by itself', async () => {
    const result = await run(`
      const pool = new WorkerPool({ size: 2 })
      let sum = 0
      for (let n = 0; n < 50; n++) sum += await pool.execute((n) => n, n)
      const many = Array.from({ length: 2000 }, (_, n) => pool.execute(n % 2 ? 'native:noop' : (n) => 1))
      sum += (await Promise.all(many)).filter((value) => value === 1).length
      console.log(sum)`)
    expect(result).toEqual({ status: 0, timedOut: false, stdout: '2225\n', stderr: '' })
  }, 40_000)

  test('a pool that nobody has closed and that has nothing to do keeps no process alive, one with a task does', async () => {
    const result = await run(`
      const pool = new WorkerPool({ size: 1 })
      await pool.execute('native:noop')
      pool.execute(() => new Promise((resolve) => setTimeout(resolve, 50, 'over'))).then(console.log)`)
    expect(result).toEqual({ status: 0, timedOut: false, stdout: 'over\n', stderr: '' })
  }, 40_000)

  test('threads that own pools and workers that run end at any moment', async () => {
    const result = await run(`
      const { once } = require('node:events')
      const { Worker } = require('node:worker_threads')
      const source = \`
        const { WorkerPool } = require('.')
        const { parentPort } = require('node:worker_threads')
        const pool = new WorkerPool({ size: 1, nativeThreads: 1 })
        const go = async (task) => { for (;;) await pool.execute(task) }
        go('native:noop')
        go(() => 1)
        pool.execute(() => 1).then(() => parentPort.postMessage('up'))\`
      const codes = []
      for (let round = 0; round < 8; round++) {
        const worker = new Worker(source, { eval: true })
        await once(worker, 'message')
        codes.push(await worker.terminate())
      }
      const pool = new WorkerPool({ size: 2 })
      for (let round = 0; round < 8; round++)
        codes.push((await pool.execute(() => process.exit(3)).catch((error) => error)).exitCode)
      await pool.close()
      console.log(codes.join())`)
    const codes = [...Array(8).fill(1), ...Array(8).fill(3)].join()
    expect(result).toEqual({ status: 0, timedOut: false, stdout: `${codes}\n`, stderr: '' })
  }, 40_000)

  test('an error that a callback of a result throws is an uncaught exception, and later results come all the same', async () => {
    const result = await run(`
      const thrown = []
      process.on('uncaughtException', (error) => thrown.push(error.message))
      const pool = new WorkerPool({ size: 1 })
      pool.on('drain', () => {})
      await pool.execute(() => 1)
      pool.execute(() => 2).then(() => process.nextTick(() => { throw new Error('mine') }))
      await pool.execute(() => 3)
      console.log(await pool.execute('native:noop'), thrown)`)
    expect(result).toMatchObject({ status: 0, timedOut: false, stderr: '' })
    expect(result.stdout).toContain("[ 'mine' ]")
  }, 40_000)
})
