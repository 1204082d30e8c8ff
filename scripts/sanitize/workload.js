'use strict'

// What the addon does with memory that is not its own, in one process: scripts/sanitize.js runs it under
// AddressSanitizer. Results are checked, too; the tests look at them more closely.

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const zlib = require('node:zlib')
const { Worker } = require('node:worker_threads')
const { WorkerPool, move } = require('../..')
const { Faults } = require(process.env.THREADMILL_ADDON)

const FACE = require.resolve('../..')
const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE
const bytes = (length) => new Uint8Array(length).map((_, index) => index * 31 + (index >> 8))
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex')
const codeOf = (promise) =>
  promise.then(
    () => 'fulfilled',
    (error) => error.code ?? error.name
  )
/** Has finalizers run: what was borrowed or handed over may be given back now. */
const collect = async () => {
  globalThis.gc()
  await new Promise(setImmediate)
}

/** The same bytes in every form that a native task takes, from a copy of 1 byte to a loan of a MiB. */
async function nativeInputs() {
  const pool = new WorkerPool({ nativeThreads: 2 })
  for (const length of [0, 1, 4095, 4097, 32 * KIBIBYTE, 32 * KIBIBYTE + 1, MEBIBYTE]) {
    const content = bytes(length)
    const shared = new SharedArrayBuffer(length + 3)
    new Uint8Array(shared, 3).set(content)
    const wide = new Uint8Array(length + 10)
    wide.set(content, 5)
    const forms = [
      content,
      content.slice().buffer,
      Buffer.from(content),
      wide.subarray(5, 5 + length),
      new DataView(wide.buffer, 5, length),
      new Uint8Array(shared, 3)
    ]
    const expected = sha256(content)
    const digests = forms.map((data) => pool.execute('native:hash', { data }))
    await collect()
    for (const digest of await Promise.all(digests)) assert.equal(digest, expected)

    for (const algorithm of ['gzip', 'deflate', 'brotli', 'zstd']) {
      const packed = await pool.execute('native:compress', { data: content, algorithm })
      const loan = pool.execute('native:decompress', { data: packed, algorithm })
      const owned = new Uint8Array(packed)
      const gift = pool.execute('native:decompress', { data: owned, algorithm }, { transfer: [owned.buffer] })
      for (const unpacked of await Promise.all([loan, gift]))
        assert.deepEqual(new Uint8Array(unpacked), content)
      assert.equal(
        await codeOf(
          pool.execute('native:decompress', { data: packed.subarray(0, packed.length - 1), algorithm })
        ),
        'ERR_CORRUPT_DATA'
      )
    }
    const gift = content.slice()
    const back = await pool.execute('native:noop', { data: gift }, { transfer: [gift.buffer] })
    assert.equal(gift.byteLength, 0)
    assert.deepEqual(back, content)
    await collect()
  }
  for (const text of ['', 'abc', 'ä'.repeat(2000), '𝒳\ud800'.repeat(100_000)]) {
    assert.equal(await pool.execute('native:hash', { data: text }), sha256(text))
    assert.equal(await pool.execute('native:noop', { data: text }), text)
  }
  for (const algorithm of ['sha512', 'sha1', 'md5', 'sha3-256', 'blake3', 'xxh3', 'crc32'])
    await pool.execute('native:hash', { data: bytes(300 * KIBIBYTE), algorithm, encoding: 'buffer' })
  assert.equal(
    await pool.execute('native:hash', { data: { path: __filename } }),
    sha256(fs.readFileSync(__filename))
  )
  await pool.close()
}

async function nativeErrors() {
  const pool = new WorkerPool({ nativeThreads: 2 })
  const data = bytes(MEBIBYTE)
  const bomb = zlib.gzipSync(new Uint8Array(4 * MEBIBYTE))
  const codes = await Promise.all(
    [
      pool.execute('native:probe-panic', { words: 'words' }),
      pool.execute('native:probe-panic', { data, words: 'ä'.repeat(5000) }),
      pool.execute('native:decompress', { data }),
      pool.execute('native:decompress', { data: bomb, maxOutputLength: 100 }),
      pool.execute('native:compress', { data: crypto.randomBytes(MEBIBYTE), maxOutputLength: 100 }),
      pool.execute('native:hash', { data: { path: `${__filename}.not` } })
    ].map(codeOf)
  )
  assert.deepEqual(codes, [
    'ERR_TASK_PANIC',
    'ERR_TASK_PANIC',
    'ERR_CORRUPT_DATA',
    'ERR_BUFFER_TOO_LARGE',
    'ERR_BUFFER_TOO_LARGE',
    'ENOENT'
  ])
  await pool.close()
}

/** Native threads copy memory that another thread writes. */
async function sharedWhileWritten() {
  const shared = new Uint8Array(new SharedArrayBuffer(MEBIBYTE))
  const writer = new Worker(
    'const { workerData } = require("node:worker_threads"); for (let n = 0; ; n++) workerData.fill(n)',
    { eval: true, workerData: shared }
  )
  const pool = new WorkerPool({ nativeThreads: 2 })
  for (let round = 0; round < 10; round++) {
    await Promise.all([
      pool.execute('native:hash', { data: shared }),
      pool.execute('native:compress', { data: shared.subarray(round, MEBIBYTE - round) })
    ])
  }
  await writer.terminate()
  await pool.close()
}

/** Messages that outgrow the memory they are written to, small ones after them, and what only ports carry. */
async function javaScriptTasks() {
  const pool = new WorkerPool({ maxWorkers: 2 })
  const echo = (value) => value
  for (let length = 1; length <= 4 * MEBIBYTE; length *= 4) {
    const values = [
      'a'.repeat(length),
      'ж'.repeat(length),
      Array(Math.min(length, 100_000)).fill(0.5),
      { length }
    ]
    assert.deepEqual(await Promise.all(values.map((value) => pool.execute(echo, value))), values)
  }
  const port = new MessageChannel().port1
  const data = bytes(MEBIBYTE)
  const shared = new SharedArrayBuffer(8)
  assert.equal(
    (await pool.execute(echo, { data, text: 'x' }, { transfer: [data.buffer] })).data.length,
    MEBIBYTE
  )
  assert.equal(await pool.execute((port) => port.close(), port, { transfer: [port] }), undefined)
  assert.equal(
    (await pool.execute((face) => require(face).move(new Uint8Array(1 << 20)), FACE)).length,
    MEBIBYTE
  )
  await pool.execute((shared) => Atomics.add(new Int32Array(shared), 0, 5), shared)
  assert.equal(new Int32Array(shared)[0], 5)
  assert.deepEqual(
    await pool.execute(echo, new Map([[/x/g, new Set([1n])]])),
    new Map([[/x/g, new Set([1n])]])
  )

  const failures = [
    () => {
      throw new RangeError('ж'.repeat(20_000))
    },
    () => Promise.reject(Object.assign(new Error('late'), { code: 'E_LATE', more: [new Date()] })),
    () => () => 'nothing that could be copied',
    () => process.exit(3)
  ]
  assert.deepEqual(await Promise.all(failures.map((task) => codeOf(pool.execute(task)))), [
    'RangeError',
    'E_LATE',
    'ERR_NOT_SERIALIZABLE',
    'ERR_WORKER_EXITED'
  ])
  assert.equal(await codeOf(pool.execute(echo, Symbol('s'))), 'ERR_NOT_SERIALIZABLE')
  assert.equal(await codeOf(pool.execute('not there')), 'ERR_TASK_NOT_FOUND')
  const burst = Array.from({ length: 20_000 }, (_, n) => pool.execute(echo, { n }))
  for (const [n, result] of (await Promise.all(burst)).entries()) assert.equal(result.n, n)
  await pool.close()
}

const spin = () => {
  for (;;);
}

/** Tasks that are given up while they run, on memory that nobody else holds any more. */
async function stopped() {
  for (const keepWorkerAfterStop of [false, true]) {
    const pool = new WorkerPool({ maxWorkers: 2, nativeThreads: 2, keepWorkerAfterStop })
    for (let round = 0; round < 15; round++) {
      const controller = new AbortController()
      const { signal } = controller
      const given = bytes(MEBIBYTE)
      const outcomes = [
        pool.execute(
          'native:hash',
          { data: bytes(4 * MEBIBYTE), algorithm: 'sha3-256' },
          { timeout: 1 + round }
        ),
        pool.execute('native:compress', { data: bytes(4 * MEBIBYTE), algorithm: 'brotli' }, { signal }),
        pool.execute('native:compress', { data: given }, { signal, transfer: [given.buffer] }),
        pool.execute('native:compress', { data: new SharedArrayBuffer(MEBIBYTE) }, { signal, retries: 2 }),
        pool.execute(spin, 'ж'.repeat(1000), { timeout: 5 }),
        pool.execute(spin, bytes(KIBIBYTE), { signal, retries: 2 }),
        pool.execute(() => new Promise(() => {}), undefined, { timeout: 5, retries: 1 })
      ].map(codeOf)
      setTimeout(() => {
        controller.abort(Object.assign(new Error('enough'), { code: 'E_ABORTED' }))
        globalThis.gc() // while the native threads have yet to find out
      }, 3 * round)
      const [hash, ...others] = await Promise.all(outcomes)
      assert.ok(['fulfilled', 'ERR_TASK_TIMEOUT'].includes(hash), hash)
      assert.deepEqual(
        others.filter((code) => !['fulfilled', 'E_ABORTED', 'ERR_TASK_TIMEOUT'].includes(code)),
        []
      )
      await collect()
    }
    assert.equal(await pool.execute((n) => n + 1, 1), 2)
    await pool.close()
  }
}

/** Pools that end with tasks of both kinds queued and running, on memory that nobody else holds any more. */
async function endings() {
  for (let round = 0; round < 20; round++) {
    const pool = new WorkerPool({ maxWorkers: 1, nativeThreads: 2 })
    const tasks = []
    for (let n = 0; n < 20; n++) {
      const gift = bytes(64 * KIBIBYTE)
      tasks.push(
        pool.execute('native:compress', { data: bytes(256 * KIBIBYTE), algorithm: 'brotli' }),
        pool.execute('native:noop', { data: gift }, { transfer: [gift.buffer] }),
        pool.execute('native:hash', { data: new SharedArrayBuffer(MEBIBYTE) }),
        pool.execute((view) => view.length, bytes(n)),
        pool.execute((view) => move(view), bytes(n))
      )
    }
    const outcomes = Promise.all(tasks.map(codeOf))
    await Promise.race(tasks.map((task) => task.catch(() => {}))).then(collect)
    const last = codeOf(pool.execute(spin))
    if (round % 4 === 3) await pool.close({ cancelQueued: true, timeout: 5 * round })
    else await Promise.all([pool.terminate(), collect()])
    await collect()
    assert.ok(['ERR_POOL_TERMINATED', 'ERR_POOL_CLOSED'].includes(await last))
    await outcomes
  }
}

/** A pool that nobody holds is collected, whatever it has started. */
async function forgotten() {
  for (let round = 0; round < 5; round++) {
    await new WorkerPool({ maxWorkers: 1 }).execute((n) => n, round)
    await new WorkerPool({ nativeThreads: 1 }).execute('native:hash', { data: bytes(MEBIBYTE) })
    await collect()
  }
}

/** A pool within a task of a pool, ended in order and with its outer pool. */
async function nested() {
  const inner = async ({ face, ends }) => {
    const { WorkerPool } = require(face)
    const pool = new WorkerPool({ maxWorkers: 1, nativeThreads: 1 })
    const data = new Uint8Array(1 << 20)
    const results = await Promise.all([pool.execute('native:hash', { data }), pool.execute((n) => n + 1, 1)])
    while (!ends) await pool.execute('native:compress', { data })
    await pool.close()
    return results[1]
  }
  for (let round = 0; round < 10; round++) {
    const pool = new WorkerPool({ maxWorkers: 2 })
    assert.equal(await pool.execute(inner, { face: FACE, ends: true }), 2)
    const cut = codeOf(pool.execute(inner, { face: FACE, ends: false }))
    await new Promise((resolve) => setTimeout(resolve, 10 * round))
    await pool.terminate()
    assert.equal(await cut, 'ERR_POOL_TERMINATED')
  }
}

/** The engine and the system refuse what they are asked for: whatever was handed over is freed once. */
async function refusals() {
  const places = ['array buffer', 'array buffer, freed', 'array buffer, freed later', 'foreign memory']
  for (let round = 0; round < 20; round++) {
    const pool = new WorkerPool({ nativeThreads: 1 })
    for (const place of places) {
      const arrays = (shape) => pool.execute('native:probe-arrays', { length: 5000 * (round + 1), shape })
      Faults.refuse(place)
      const code = await codeOf(arrays(round % 2 === 0 ? 'one' : 'list'))
      assert.equal(code, place === 'foreign memory' ? 'fulfilled' : 'ERR_OUT_OF_MEMORY')
      await collect()
      assert.equal((await arrays('one')).at(-1), 5000 * (round + 1) - 1)
    }
    for (const place of ['event loop', 'function']) {
      Faults.refuse(place)
      assert.throws(() => new WorkerPool(), { code: 'ERR_OUT_OF_MEMORY' })
      await collect()
    }
    const other = new WorkerPool({ nativeThreads: 1 })
    const gift = bytes(100_000)
    for (const place of ['thread', 'memory']) {
      Faults.refuse(place)
      const refused = other.execute(
        'native:probe-echo',
        { data: gift, bytes: gift.slice(0, 9) },
        { transfer: [gift.buffer] }
      )
      assert.equal(await codeOf(refused), 'ERR_OUT_OF_MEMORY')
      assert.equal(gift.byteLength, 100_000)
    }
    await other.close()
    await pool.close()
  }
  await collect()
  const [given, freed] = Faults.handedOver()
  assert.ok(freed <= given)
}

async function main() {
  await refusals()
  await nativeInputs()
  await nativeErrors()
  await sharedWhileWritten()
  await javaScriptTasks()
  await stopped()
  await endings()
  await forgotten()
  await nested()
}

main()
