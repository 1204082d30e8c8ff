'use strict'

// How long the pool holds shared memory: as long as tasks that name it.

const { runProgram } = require('./support/processes.js')

// Workers count what they were given and is still there: `hold` remembers weakly, `left` collects and counts. A WeakRef
// keeps its target for the turn that it was made or asked in, so `left` comes in a turn of its own.
const PROGRAM = `
  const { setImmediate: turn } = require('node:timers/promises')
  const fresh = (bytes = 1024) => new Uint8Array(new SharedArrayBuffer(bytes)).fill(1)
  const hold = (view) => {
    globalThis.held ??= []
    globalThis.held.push(new WeakRef(view.buffer))
    return view[0]
  }
  const left = async () => {
    const { setTimeout } = require('node:timers/promises')
    let count = 0
    // Being told to forget takes the owner a turn of its event loop, and a message.
    for (let n = 0; n < 200; n++) {
      await setTimeout(2)
      gc()
      count = (globalThis.held ?? []).filter((each) => each.deref() !== undefined).length
      if (count === 0) break
    }
    return count
  }
  const own = []
  const note = (view) => (own.push(new WeakRef(view.buffer)), view)
  const ownLeft = async () => {
    for (let n = 0; n < 4; n++) await turn()
    gc()
    return own.filter((each) => each.deref() !== undefined).length
  }
`

async function print(body, options = {}) {
  const result = await runProgram(PROGRAM + body, { flags: ['--expose-gc'], patience: 30_000, ...options })
  expect(result).toMatchObject({ timedOut: false, status: 0, stderr: '' })
  return JSON.parse(result.stdout)
}

test('worker and owner let go of it when the tasks that named it are over', async () => {
  const counts = await print(`
    const pool = new WorkerPool({ size: 1 })
    for (let n = 0; n < 100; n++) await pool.execute(hold, note(fresh()))
    await Promise.all(Array.from({ length: 100 }, () => pool.execute(hold, note(fresh()))))
    console.log(JSON.stringify([await pool.execute(left), await ownLeft()]))
    await pool.close()`)
  expect(counts).toEqual([0, 0])
})

test('also of what came back, was thrown, timed out, was aborted or never ran', async () => {
  const counts = await print(`
    const pool = new WorkerPool({ size: 1, keepWorkerAfterStop: true })
    const hang = (view) => {
      globalThis.held ??= []
      globalThis.held.push(new WeakRef(view.buffer))
      for (;;);
    }
    const fail = (view) => {
      globalThis.held.push(new WeakRef(view.buffer))
      throw new Error('failed')
    }
    const give = (view) => {
      globalThis.held.push(new WeakRef(view.buffer))
      const made = new SharedArrayBuffer(1024)
      globalThis.held.push(new WeakRef(made))
      return { view, made }
    }
    await pool.execute(hold, note(fresh()))
    const result = await pool.execute(give, note(fresh()))
    own.push(new WeakRef(result.made), new WeakRef(result.view.buffer))
    result.view = result.made = undefined
    await pool.execute(fail, note(fresh())).catch(() => {})
    await pool.execute(hang, note(fresh()), { timeout: 20 }).catch(() => {})
    const running = new AbortController()
    const run = pool.execute(hang, note(fresh()), { signal: running.signal })
    const queued = new AbortController()
    const wait = pool.execute(hang, note(fresh()), { signal: queued.signal })
    queued.abort()
    await wait.catch(() => {})
    running.abort()
    await run.catch(() => {})
    await pool.execute(hold, note(fresh()), { timeout: 1000 })
    console.log(JSON.stringify([await pool.execute(left), await ownLeft()]))
    await pool.close()`)
  expect(counts).toEqual([0, 0])
})

test('also of inputs that turn out to be sent otherwise, or not at all', async () => {
  const counts = await print(`
    const pool = new WorkerPool({ size: 1 })
    const last = ({ view }) => {
      globalThis.held ??= []
      globalThis.held.push(new WeakRef(view.buffer))
    }
    await pool.execute(last, { view: note(fresh()), expression: /x/ })
    const thrower = { view: note(fresh()), get broken() { throw new Error('broken') } }
    await pool.execute(last, thrower).catch(() => {})
    thrower.view = undefined
    const controller = new AbortController()
    const aborter = { view: note(fresh()), get broken() { controller.abort() } }
    await pool.execute(last, aborter, { signal: controller.signal }).catch(() => {})
    aborter.view = undefined
    await pool.execute(last, { view: note(fresh()), get nested() { return void pool.execute(last, { view: note(fresh()) }) } })
    console.log(JSON.stringify([await pool.execute(left), await ownLeft()]))
    await pool.close()`)
  expect(counts).toEqual([0, 0])
})

test('a worker that comes later is sent what unsettled tasks name, and nothing else', async () => {
  const counts = await print(`
    const pool = new WorkerPool({ maxWorkers: 2 })
    for (let n = 0; n < 10; n++) await pool.execute(hold, note(fresh()))
    const meet = (view) => {
      globalThis.held ??= []
      globalThis.held.push(new WeakRef(view.buffer))
      const numbers = new Int32Array(view.buffer)
      Atomics.add(numbers, 1, 1)
      Atomics.notify(numbers, 1)
      while (Atomics.load(numbers, 1) < 2) Atomics.wait(numbers, 1, 1)
      return require('node:worker_threads').threadId
    }
    let view = note(new Uint8Array(new SharedArrayBuffer(8)))
    const both = await Promise.all([pool.execute(meet, view), pool.execute(meet, view)])
    view = undefined
    const counts = await Promise.all([pool.execute(left), pool.execute(left)])
    console.log(JSON.stringify([new Set(both).size, ...counts, await ownLeft()]))
    await pool.close()`)
  expect(counts).toEqual([2, 0, 0, 0])
})

test('memory that a task was given once is found again by the next, whenever that comes', async () => {
  const values = await print(`
    const pool = new WorkerPool({ size: 2 })
    const view = new Int32Array(new SharedArrayBuffer(4))
    const add = (numbers) => Atomics.add(numbers, 0, 1)
    for (let n = 0; n < 50; n++) {
      await Promise.all([pool.execute(add, view), pool.execute(add, view)])
      if (n % 2) await turn()
      if (n % 3) await turn()
    }
    console.log(JSON.stringify([view[0]]))
    await pool.close()`)
  expect(values).toEqual([100])
})

test('a worker that does not look at its port is not left with all that others were given', async () => {
  const [grown] = await print(
    `
    const pool = new WorkerPool({ size: 2 })
    await pool.ready()
    const gate = new Int32Array(new SharedArrayBuffer(8))
    const block = (numbers) => {
      Atomics.store(numbers, 0, 1)
      Atomics.notify(numbers, 0)
      Atomics.wait(numbers, 1, 0)
    }
    const blocked = pool.execute(block, gate)
    Atomics.wait(gate, 0, 0)
    const collect = (view) => (view.fill(2), (view = undefined), gc())
    const before = process.memoryUsage.rss()
    for (let n = 0; n < 100; n++) {
      await pool.execute(collect, fresh(5e6))
      gc()
    }
    const grown = process.memoryUsage.rss() - before
    Atomics.store(gate, 1, 1)
    Atomics.notify(gate, 1)
    await blocked
    console.log(JSON.stringify([grown]))
    await pool.close()`
  )
  expect(grown).toBeLessThan(300e6) // of 500 MB
})
