'use strict'

// Values that options must not have: of which type, outside of which range, and what means nothing.

const { NaN: NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number
const LITTLE = Number.MIN_VALUE
const { proxy: REVOKED, revoke } = Proxy.revocable({}, {})
revoke()

const LIKE_A_SIGNAL = { aborted: false, addEventListener() {}, removeEventListener() {} }

const PLAIN = [null, true, 2n, Symbol('option')]
const OBJECTS = [{}, () => 1, Object(5), Object('5'), new Date(5), REVOKED]
const NO_NUMBERS = [...PLAIN, ...OBJECTS, [], 'text', '5', '']
const NO_WORDS = [...PLAIN, ...OBJECTS, [], 5, NOT_A_NUMBER]
const NO_FLAGS = [null, 2n, Symbol('option'), ...OBJECTS, [], 0, 1, 'true', '']
const NO_KEYS = [...PLAIN, ...OBJECTS, []]
const NO_OBJECTS = [...PLAIN, [], () => 1, 5, 'text']
const NO_LISTS = [...PLAIN, ...OBJECTS, 5, 'text']

/**
 * Values that an option must not have: of a wrong type, numbers outside of its range, and those of the right
 * type that mean nothing.
 */
const whole = (least, most) => ({
  types: NO_NUMBERS,
  ranges: [NOT_A_NUMBER, -1, least - 1, least + 0.5, most + 1, 1e300, POSITIVE_INFINITY, NEGATIVE_INFINITY]
})
const WHOLE_OR_INFINITE = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, 0, -1, 1.5, NEGATIVE_INFINITY] }
const FROM_0 = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, -LITTLE, -1, -1e300, NEGATIVE_INFINITY] }
const ABOVE_0 = { types: NO_NUMBERS, ranges: [NOT_A_NUMBER, 0, -0, -LITTLE, -1, NEGATIVE_INFINITY] }
const FINITE_FROM_1 = {
  types: NO_NUMBERS,
  ranges: [NOT_A_NUMBER, 0, 0.99, -1, POSITIVE_INFINITY, NEGATIVE_INFINITY]
}
const FLAG = { types: NO_FLAGS }
const WORD = { types: NO_WORDS, values: ['', 'text', 'Shared', 'WAIT', 'reject ', 'toString', '__proto__'] }
const RETRIES = {
  types: [...PLAIN, [], [1], () => 1, 'text', '5'],
  ranges: [NOT_A_NUMBER, -1, 1.5, 1_000_001, 1e300, POSITIVE_INFINITY, NEGATIVE_INFINITY],
  values: [REVOKED]
}

const OF_RETRIES = {
  max: whole(0, 1_000_000),
  delay: {
    types: [...NO_NUMBERS.filter((value) => typeof value !== 'object'), [null], [1, '2'], new Array(2)],
    ranges: [NOT_A_NUMBER, -1, POSITIVE_INFINITY, [-1], [0, NOT_A_NUMBER], [POSITIVE_INFINITY]],
    values: [[]]
  },
  factor: FINITE_FROM_1,
  maxDelay: FROM_0,
  jitter: FLAG,
  when: { types: [...PLAIN, {}, [], 5, 'text', REVOKED] }
}
const OF_TASK = {
  transfer: { types: [...NO_LISTS, new Set(), [5], [null], [new Uint8Array(1)]] },
  timeout: ABOVE_0,
  queueTimeout: ABOVE_0,
  signal: {
    types: [
      ...NO_NUMBERS.filter((value) => value !== REVOKED),
      new AbortController(),
      new EventTarget(),
      { ...LIKE_A_SIGNAL, aborted: 0 },
      { ...LIKE_A_SIGNAL, addEventListener: undefined },
      { ...LIKE_A_SIGNAL, removeEventListener: {} }
    ],
    values: [REVOKED]
  },
  retries: RETRIES,
  affinity: { types: NO_KEYS, ranges: [NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY] }
}
const OF_EXECUTE = {
  priority: {
    types: NO_KEYS,
    ranges: [NOT_A_NUMBER, POSITIVE_INFINITY, NEGATIVE_INFINITY],
    values: ['', 'HIGH', 'soon', '5', 'toString', '__proto__']
  },
  ...OF_TASK
}
const OF_RESIZE = { minWorkers: whole(0, 4096), maxWorkers: whole(1, 4096), nativeThreads: whole(1, 4096) }
const OF_CLOSE = { timeout: FROM_0, cancelQueued: FLAG }
const OF_SCRIPTED_POOL = {
  size: whole(1, 4096),
  ...OF_RESIZE,
  idleTimeout: FROM_0,
  aging: FROM_0,
  name: { types: NO_WORDS, values: ['with a \0'] },
  timeout: ABOVE_0,
  queueTimeout: ABOVE_0,
  retries: RETRIES,
  maxQueue: {
    types: NO_NUMBERS.filter((value) => typeof value !== 'string'),
    ranges: [NOT_A_NUMBER, -1, 0.5, -1e300, NEGATIVE_INFINITY],
    values: ['', 'text', '5', 'Auto']
  },
  whenFull: WORD,
  strategy: WORD,
  concurrentTasksPerWorker: whole(1, 1024),
  maxTasksPerWorker: WHOLE_OR_INFINITE,
  maxHeapBeforeRecycle: ABOVE_0,
  keepWorkerAfterStop: FLAG,
  spareWorkers: whole(0, 4096),
  startTimeout: ABOVE_0,
  healthInterval: FINITE_FROM_1,
  resourceLimits: { types: NO_OBJECTS },
  env: { types: NO_OBJECTS },
  argv: { types: NO_LISTS },
  execArgv: { types: [...NO_LISTS, [5], [null]] },
  workerData: {},
  stdout: FLAG,
  stderr: FLAG,
  trackUnmanagedFds: FLAG
}
const OF_POOL = {
  script: {
    types: [...PLAIN, ...OBJECTS, [], 5],
    values: ['', 'absent']
  },
  ...OF_SCRIPTED_POOL
}

module.exports = {
  OF_CLOSE,
  OF_EXECUTE,
  OF_POOL,
  OF_RESIZE,
  OF_RETRIES,
  OF_SCRIPTED_POOL,
  OF_TASK,
  REVOKED
}
