'use strict'

const { createHash } = require('node:crypto')

// What the soak submits: each kind is a task with its options, and how it may end. `ends` names the codes or
// messages that it may reject with besides those that its pool's fate brings; `value` is what it fulfils with, if
// it may fulfil. `fault` is what it is counted as.

const anyOf = (random, list) => list[Math.floor(random() * list.length)]
const bytesOf = (random, most) => Buffer.alloc(1 + Math.floor(random() * most), Math.floor(random() * 256))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @type {Record<string, { weight: number, make: (random: () => number) => any }>} */
const KINDS = {
  echo: {
    weight: 40,
    make: (random) => {
      const value = { n: random(), list: [1, 'two', new Date(0)], text: 'x'.repeat(random() * 100) }
      return { task: 'echo', input: { value }, value, options: { priority: Math.floor(random() * 3) } }
    }
  },
  busy: {
    weight: 10,
    make: (random) => ({ task: 'busy', input: { milliseconds: random() * 3, value: 1 }, value: 1 })
  },
  wait: {
    weight: 10,
    make: (random) => ({ task: 'wait', input: { milliseconds: random() * 10, value: 2 }, value: 2 })
  },
  inline: { weight: 5, make: (random) => ({ task: (n) => n + 1, input: 41 + (random() > 2), value: 42 }) },
  hash: {
    weight: 10,
    make: (random) => {
      const data = bytesOf(random, 200_000)
      return { task: 'native:hash', input: { data, algorithm: 'sha256' }, value: sha256(data) }
    }
  },
  transfer: {
    weight: 4,
    make: (random) => {
      const byte = Math.floor(random() * 256)
      const buffer = new ArrayBuffer(1 + Math.floor(random() * 100_000))
      const value = new Uint8Array(buffer.byteLength).fill(byte).buffer
      return { task: 'fill', input: { buffer, byte }, value, options: { transfer: [buffer] } }
    }
  },
  thrown: {
    weight: 4,
    make: () => ({ task: 'fail', input: { value: 'x' }, ends: ['SOAK'], fault: 'thrown error' })
  },
  retried: {
    weight: 4,
    make: (random) => ({
      task: 'failAtFirst',
      input: { failures: 1 + Math.floor(random() * 3), value: 3 },
      value: 3,
      options: { retries: { max: 3, delay: random() * 5, factor: 2, jitter: random() < 0.5 } },
      runs: 4,
      fault: 'error, tried again'
    })
  },
  notFound: {
    weight: 1,
    make: () => ({ task: 'thereIsNone', input: {}, ends: ['ERR_TASK_NOT_FOUND'], fault: 'no such task' })
  },
  unsendable: {
    weight: 2,
    make: () => ({
      task: 'unsendable',
      input: {},
      ends: ['ERR_NOT_SERIALIZABLE'],
      fault: 'result that cannot be sent'
    })
  },
  nearDeadline: {
    weight: 10,
    make: (random) => ({
      task: 'busy',
      input: { milliseconds: 4.5 + random(), value: 4 },
      value: 4,
      ends: ['ERR_TASK_TIMEOUT'],
      options: { timeout: 5 },
      fault: 'end close to the deadline'
    })
  },
  ...timedOut('loop', 'endless loop, timed out'),
  ...timedOut('never', 'promise that never settles, timed out'),
  ...timedOut('polite', 'task that heeds its signal, timed out'),
  ...timedOut('asks', 'task that asks whether it is to stop, timed out'),
  ...timedOut('getter', 'endless getter in a result, timed out'),
  hang: {
    weight: 0.2,
    make: () => ({
      task: 'hang',
      input: {},
      ends: ['ERR_TASK_TIMEOUT'],
      options: { timeout: 5 },
      fault: 'endless loop after an await, its worker killed'
    })
  },
  nativeTimeout: {
    weight: 2,
    make: () => ({
      task: 'native:hash',
      input: { data: { path: '/dev/zero' } },
      ends: ['ERR_TASK_TIMEOUT'],
      options: { timeout: 5 },
      fault: 'native task, timed out'
    })
  },
  panic: {
    weight: 1,
    make: () => ({
      task: 'native:probe-panic',
      input: { words: 'soak' },
      ends: ['ERR_TASK_PANIC'],
      fault: 'native panic'
    })
  },
  aborted: {
    weight: 6,
    make: (random) => ({
      task: anyOf(random, ['loop', 'never', 'polite', 'asks', 'wait', 'busy']),
      input: { milliseconds: 5, value: 5 },
      value: 5,
      ends: ['SOAK_ABORTED'],
      abortAfter: random() * 10,
      fault: 'aborted'
    })
  },
  abortedNative: {
    weight: 2,
    make: (random) => ({
      task: 'native:compress',
      input: { data: { path: '/dev/zero' }, algorithm: anyOf(random, ['gzip', 'zstd', 'brotli']) },
      ends: ['SOAK_ABORTED'],
      abortAfter: random() * 10,
      fault: 'native task, aborted'
    })
  },
  queueTimeout: {
    weight: 3,
    make: () => ({
      task: 'echo',
      input: { value: 6 },
      value: 6,
      ends: ['ERR_QUEUE_TIMEOUT'],
      options: { queueTimeout: 1, priority: 'lowest' },
      fault: 'short wait allowed'
    })
  },
  exit: {
    weight: 0.3,
    make: (random) => ({
      task: 'exit',
      input: { code: Math.floor(random() * 3) },
      ends: ['ERR_WORKER_EXITED'],
      fault: 'process.exit'
    })
  },
  uncaught: {
    weight: 0.3,
    make: () => ({ task: 'throwLater', input: {}, ends: ['ERR_WORKER_EXITED'], fault: 'uncaught exception' })
  },
  unheard: {
    weight: 0.3,
    make: () => ({
      task: 'rejectUnheard',
      input: {},
      ends: ['ERR_WORKER_EXITED'],
      fault: 'unhandled rejection'
    })
  },
  memory: {
    weight: 0.1,
    make: () => ({ task: 'exhaust', input: {}, ends: ['ERR_WORKER_OUT_OF_MEMORY'], fault: 'out of memory' })
  }
}

/**
 * A storm of timeouts, and between them tasks that see to it that no more run at a time than may. These share memory with
 * all of their pool (`floor`).
 * @type {typeof KINDS}
 */
const STORM = {
  alone: {
    weight: 8,
    make: (random) => ({
      task: 'alone',
      input: { milliseconds: 0.5 + random() },
      onFloor: true,
      value: 'no more than may'
    })
  },
  beat: {
    weight: 3,
    make: (random) => ({
      task: 'beat',
      input: {},
      onFloor: true,
      ends: ['ERR_TASK_TIMEOUT'],
      options: { timeout: 1 + random() * 5 },
      fault: 'endless loop in a storm, timed out'
    })
  },
  touch: {
    weight: 1,
    make: (random) => ({
      task: 'touch',
      input: { value: 8 },
      value: 8,
      ends: ['ERR_TASK_TIMEOUT'],
      options: { timeout: 1 + random() * 5 },
      fault: "first touch of Node's globals in a storm, timed out"
    })
  },
  ...timedOut('never', 'promise that never settles, timed out'),
  ...timedOut('polite', 'task that heeds its signal, timed out'),
  ...timedOut('asks', 'task that asks whether it is to stop, timed out'),
  hang: { ...KINDS.hang, weight: 0.1 }
}

/** A task that has to be stopped. */
function timedOut(task, fault) {
  const make = (random) => ({
    task,
    input: { value: 7 },
    ends: ['ERR_TASK_TIMEOUT'],
    options: { timeout: 1 + random() * 10 },
    fault
  })
  return { [task]: { weight: 2, make } }
}

module.exports = { KINDS, STORM }
