'use strict'

const { runProgram, runScene } = require('./support/processes.js')

/** That the process ended by itself with this code, and said nothing of a crash. */
function expectEnd(result, { code = 0, stdout }) {
  const { timedOut, signal } = result
  expect({ timedOut, signal, code: result.code, stderr: result.stderr }).toEqual({
    timedOut: false,
    signal: null,
    code,
    stderr: ''
  })
  if (stdout !== undefined) expect(result.stdout).toBe(stdout)
}

describe('an idle pool lets the process end', () => {
  test.each([
    ['fresh pool', 'end of main\n'],
    ['forgotten pool with a minimum', 'end of main\n'],
    ['idle pool', '{"workers":2,"native":true}\n'],
    ['ready and nothing else', 'up: 2\n'],
    ['idle pool with a worker that has its own timers', 'done\n']
  ])('%s', async (name, stdout) => {
    expectEnd(await runScene(name), { stdout })
  })
})

describe('what is not settled keeps the process alive', () => {
  test('a JavaScript task', async () => {
    expectEnd(await runScene('pending JavaScript task'), { stdout: 'late\n' })
  })

  test('a native task', async () => {
    // SHA-256 of 64 MiB of zeros
    const stdout = '3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351\n'
    expectEnd(await runScene('pending native task'), { stdout })
  })

  test('close()', async () => {
    expectEnd(await runScene('pending close'), { stdout: 'closed\n' })
  })

  test('ready()', async () => {
    expectEnd(await runScene('pending ready'), { stdout: 'ready\n' })
  })
})

describe('process.exit(7) exits with 7 and nothing else', () => {
  test.each([
    'exit with JavaScript tasks running',
    'exit with a stream of JavaScript tasks',
    'exit with native tasks running',
    'exit with a native task that waits for a pipe',
    'exit with workers starting',
    'exit with native threads starting',
    'exit after blocking the main thread',
    'exit while closing',
    'exit while terminating'
  ])('%s', async (name) => {
    expectEnd(await runScene(name), { code: 7, stdout: '' })
  })

  test('ten times in a row, in the middle of both kinds of tasks', async () => {
    const names = ['exit with a stream of JavaScript tasks', 'exit with native threads starting']
    for (let round = 0; round < 5; round++) {
      for (const result of await Promise.all(names.map((name) => runScene(name))))
        expectEnd(result, { code: 7, stdout: '' })
    }
  }, 30_000)
})

describe('errors on the main thread', () => {
  test('an uncaught exception ends the process with 1, whatever runs', async () => {
    const { code, signal, timedOut, stderr } = await runScene('uncaught exception')
    expect({ code, signal, timedOut }).toEqual({ code: 1, signal: null, timedOut: false })
    expect(stderr).toContain('Error: on the main thread')
  })

  test('the rejection of a task that nobody handles ends the process with 1', async () => {
    const { code, signal, timedOut, stderr } = await runScene('unhandled rejection of a task')
    expect({ code, signal, timedOut }).toEqual({ code: 1, signal: null, timedOut: false })
    expect(stderr).toContain('Error: nobody listens')
  })
})

describe('threads', () => {
  test.each(['close', 'terminate'])('of 20 pools are gone after %s()', async (way) => {
    const result = await runScene('threads after close', way)
    expectEnd(result, {})
    const { before, after } = JSON.parse(result.stdout)
    expect(after).toBe(before)
  })
})

describe('programs of a few lines', () => {
  test('an input that cannot be sent does not keep an idle process alive', async () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1 })
      for (let i = 0; i < 12; i++) await pool.execute(() => { const end = Date.now() + 5; while (Date.now() < end); })
      await pool.execute(() => 1, () => {}).catch((error) => console.log(error.code))`
    expect(await runProgram(body)).toEqual({
      status: 0,
      timedOut: false,
      stdout: 'ERR_NOT_SERIALIZABLE\n',
      stderr: ''
    })
  })

  test('ended pools are let go of, the last one, too, however they ended', async () => {
    const body = `
      let collected = 0
      const registry = new FinalizationRegistry(() => { collected++ })
      async function live(end) {
        const pool = new WorkerPool({ maxWorkers: 1 })
        await pool.execute((n) => n, 1)
        await pool.execute('native:noop')
        registry.register(pool)
        await end(pool)
      }
      const close = (pool) => pool.close()
      const terminate = (pool) => pool.terminate()
      const ends = [close, terminate, (pool) => close(pool).then(() => terminate(pool)), (pool) => terminate(pool).then(() => close(pool))]
      for (let n = 0; n < 20; n++) await live(ends[n % ends.length])
      for (let turn = 0; turn < 100 && collected < 20; turn++) {
        gc()
        await new Promise((resolve) => setImmediate(resolve))
      }
      console.log(collected)`
    const result = await runProgram(body, { flags: ['--expose-gc'] })
    expect(result).toEqual({ status: 0, timedOut: false, stdout: '20\n', stderr: '' })
  })

  test('the memory of one large value is let go of', async () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1 })
      await pool.execute((list) => list, Array.from({ length: 2e6 }, (_, i) => i / 3))
      for (let i = 0; i < 5; i++) await pool.execute((n) => n, i)
      for (let turn = 0; turn < 50 && process.memoryUsage().arrayBuffers > 8e6; turn++) {
        gc()
        await new Promise((resolve) => setImmediate(resolve))
      }
      console.log(process.memoryUsage().arrayBuffers <= 8e6)
      await pool.close()`
    const result = await runProgram(body, { flags: ['--expose-gc'] })
    expect(result).toEqual({ status: 0, timedOut: false, stdout: 'true\n', stderr: '' })
  })
})

const LINES = 2000

describe('what tasks print is printed, although nothing ends the pool', () => {
  const lines = (prefix) => Array.from({ length: LINES }, (_, n) => `${prefix} ${n}\n`).join('')

  test.each([
    ['console.log', 'stdout'],
    ['console.error', 'stderr']
  ])('by %s, in a process that has nothing else to do', async (call, stream) => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 2 })
      await Promise.all([pool.execute(() => 1), pool.execute(() => 2)])
      pool.execute(() => { for (let n = 0; n < ${LINES}; n++) ${call}('line ' + n) })`
    // The result comes before the lines that have not been asked for, or after: in most of so many, before.
    for (const result of await Promise.all(Array.from({ length: 6 }, () => runProgram(body)))) {
      expect({ ...result, [stream]: '' }).toEqual({ status: 0, timedOut: false, stdout: '', stderr: '' })
      expect(result[stream]).toBe(lines('line'))
    }
  })

  test('again by tasks that come as the process is about to end', async () => {
    const body = `
      const { blockFor } = require('./__test__/support/waiting.js')
      const pool = new WorkerPool({ maxWorkers: 1 })
      await pool.execute(() => 1)
      let round = 0
      process.on('beforeExit', () => {
        if (++round > 3) return
        pool.execute((round) => { for (let n = 0; n < ${LINES}; n++) console.log(round, n) }, round)
        blockFor(50)
      })`
    const result = await runProgram(body)
    expect(result).toMatchObject({ status: 0, timedOut: false, stderr: '' })
    expect(result.stdout).toBe(['1', '2', '3'].map(lines).join(''))
  })

  test('and a worker that something blocks does not keep the process', async () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1 })
      await pool.execute(() => { console.log('said'); setImmediate(() => { for (;;); }) })
      console.log('end of main')`
    const result = await runProgram(body)
    expect(result).toMatchObject({ status: 0, timedOut: false, stderr: '' })
    expect(result.stdout).toContain('end of main')
  })

  test('close() waits for it', async () => {
    const body = `
      const { blockFor } = require('./__test__/support/waiting.js')
      const pool = new WorkerPool({ maxWorkers: 1 })
      await pool.execute(() => 1)
      pool.execute(() => { for (let n = 0; n < ${LINES}; n++) console.log('line ' + n) })
      blockFor(100)
      await pool.close()
      process.exit()`
    expect((await runProgram(body)).stdout).toBe(lines('line'))
  })
})

describe('output that is not passed on', () => {
  test("'workerStart' gives it as streams", async () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1, stdout: true })
      const heard = []
      pool.on('workerStart', (news) => {
        console.log(Object.keys(news).join())
        news.stdout.setEncoding('utf8').on('data', (text) => heard.push(text))
      })
      await pool.execute(() => { for (let n = 0; n < ${LINES}; n++) console.log('line ' + n) })
      await pool.close()
      console.log(heard.join('').split('\\n').length - 1)`
    const result = await runProgram(body)
    expect(result).toEqual({ status: 0, timedOut: false, stdout: `workerId,stdout\n${LINES}\n`, stderr: '' })
  })

  test('is dropped if nobody reads it, and holds up neither tasks nor the end', async () => {
    const body = `
      const pool = new WorkerPool({ maxWorkers: 1, stdout: true, stderr: true })
      pool.on('workerStart', () => {})
      const told = await pool.execute(() => new Promise((resolve) => {
        for (let n = 0; n < 1000; n++) console.error('x'.repeat(1000))
        process.stdout.write('x'.repeat(1e6), () => resolve('all gone'))
      }))
      await pool.close()
      console.log(told)`
    expect(await runProgram(body)).toEqual({ status: 0, timedOut: false, stdout: 'all gone\n', stderr: '' })
  })
})
