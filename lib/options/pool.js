'use strict'

const os = require('node:os')
const { MessageChannel, SHARE_ENV } = require('node:worker_threads')
const { PoolError, invalidType, invalidValue, outOfRange, wordsOf } = require('../errors.js')
const {
  boolean,
  copied,
  duration,
  integer,
  isArray,
  isObject,
  isURL,
  limit,
  must,
  number,
  orElse,
  read,
  take,
  word
} = require('./check.js')
const { errorClassesOf } = require('./error-classes.js')
const { retriesOf } = require('./task.js')

// ---- of a pool

/** Handed to node:worker_threads as they are. */
const WORKER_OPTIONS = [
  'resourceLimits',
  'env',
  'argv',
  'execArgv',
  'workerData',
  'stdout',
  'stderr',
  'trackUnmanagedFds'
]

const POOL_OPTIONS = new Set([
  'script',
  'size',
  'minWorkers',
  'maxWorkers',
  'nativeThreads',
  'nativeMemory',
  'niceIncrement',
  'idleTimeout',
  'aging',
  'name',
  'timeout',
  'queueTimeout',
  'retries',
  'maxQueue',
  'whenFull',
  'strategy',
  'concurrentTasksPerWorker',
  'maxTasksPerWorker',
  'maxHeapBeforeRecycle',
  'keepWorkerAfterStop',
  'spareWorkers',
  'startTimeout',
  'healthInterval',
  'errorClasses',
  ...WORKER_OPTIONS
])

const MOST_EXECUTORS = 4096
const MOST_CONCURRENT_TASKS = 1024
/** From the least niceness that Linux knows to the greatest. */
const GREATEST_NICE_INCREMENT = 39

const isCount = (value) => Number.isInteger(value) || value === Number.POSITIVE_INFINITY
const isQueueLength = (value) => value >= 0 && isCount(value)
const isTaskCount = (value) => value >= 1 && isCount(value)
const isSize = (value) => value > 0
const isByteCount = (value) => value >= 1
const isInterval = (value) => value >= 1 && value < Number.POSITIVE_INFINITY

/** The options of a pool, complete and checked; `script` was an argument of its own. `resources` are for node:worker_threads. */
function poolOptions(options, script) {
  const given = take(options, POOL_OPTIONS, "A pool's options")
  if (script !== undefined && given.script !== undefined) {
    throw invalidValue("The option 'script' is given twice, as an argument and as an option; leave out one")
  }
  const executors = executorsOf(given)
  return {
    script: scriptOf(orElse(script, given.script)),
    resources: resourcesOf(given),
    name: threadName('name', orElse(given.name, 'threadmill')),
    healthInterval: number(
      'healthInterval',
      orElse(given.healthInterval, 5000),
      isInterval,
      'a finite number of milliseconds from 1'
    ),
    errorClasses: errorClassesOf(given.errorClasses),
    limits: { ...executors, ...queueLimits(given, executors), ...workerLimits(given) },
    defaults: {
      timeout: limit('timeout', orElse(given.timeout, Number.POSITIVE_INFINITY)),
      queueTimeout: limit('queueTimeout', orElse(given.queueTimeout, Number.POSITIVE_INFINITY)),
      retries: retriesOf(orElse(given.retries, 0))
    }
  }
}

/** How many workers and native threads there may be. */
function executorsOf(given) {
  if (given.size !== undefined) {
    for (const name of ['minWorkers', 'maxWorkers']) {
      if (given[name] !== undefined)
        throw invalidValue(
          `The option 'size' sets both minWorkers and maxWorkers; leave out '${name}' or 'size'`
        )
    }
    integer('size', given.size, 1, MOST_EXECUTORS)
  }
  const available = os.availableParallelism()
  const minWorkers = integer('minWorkers', orElse(given.size, orElse(given.minWorkers, 0)), 0, MOST_EXECUTORS)
  const maxWorkers = integer(
    'maxWorkers',
    orElse(given.size, orElse(given.maxWorkers, Math.max(available, minWorkers))),
    1,
    MOST_EXECUTORS
  )
  if (minWorkers > maxWorkers) throw minimumTooHigh(minWorkers, maxWorkers)
  const nativeMemory = number(
    'nativeMemory',
    orElse(given.nativeMemory, Number.POSITIVE_INFINITY),
    isByteCount,
    'a number of bytes from 1, or Infinity'
  )
  const nativeThreads = nativeThreadsOf(orElse(given.nativeThreads, available))
  const niceIncrement = integer('niceIncrement', orElse(given.niceIncrement, 0), 0, GREATEST_NICE_INCREMENT)
  return { minWorkers, maxWorkers, nativeThreads, nativeMemory, niceIncrement }
}

const nativeThreadsOf = (value) => integer('nativeThreads', value, 1, MOST_EXECUTORS)

const minimumTooHigh = (minWorkers, maxWorkers) =>
  outOfRange(
    `The option 'minWorkers' must not exceed 'maxWorkers', which is ${maxWorkers}; received ${minWorkers}`
  )

/** How many tasks wait, in which order, for whom. */
function queueLimits(given, { maxWorkers, nativeThreads }) {
  return {
    aging: duration('aging', orElse(given.aging, 0)),
    maxQueue:
      given.maxQueue === 'auto'
        ? (maxWorkers + nativeThreads) ** 2
        : queueLength(orElse(given.maxQueue, Number.POSITIVE_INFINITY)),
    whenFull: word('whenFull', orElse(given.whenFull, 'reject'), ['reject', 'wait']),
    strategy: word('strategy', orElse(given.strategy, 'shared'), ['shared', 'round-robin', 'least-loaded'])
  }
}

function queueLength(value) {
  const demand = "a whole number from 0, Infinity or 'auto'"
  if (typeof value === 'string') throw invalidValue(must('maxQueue', demand, value))
  return number('maxQueue', value, isQueueLength, demand)
}

/** How long a worker lives, and how much it takes on at a time. */
function workerLimits(given) {
  return {
    idleTimeout: duration('idleTimeout', orElse(given.idleTimeout, 30_000)),
    concurrentTasksPerWorker: integer(
      'concurrentTasksPerWorker',
      orElse(given.concurrentTasksPerWorker, 1),
      1,
      MOST_CONCURRENT_TASKS
    ),
    maxTasksPerWorker: number(
      'maxTasksPerWorker',
      orElse(given.maxTasksPerWorker, Number.POSITIVE_INFINITY),
      isTaskCount,
      'a whole number from 1, or Infinity'
    ),
    maxHeapBeforeRecycle: number(
      'maxHeapBeforeRecycle',
      orElse(given.maxHeapBeforeRecycle, Number.POSITIVE_INFINITY),
      isSize,
      'a number of bytes above 0, or Infinity'
    ),
    keepWorkerAfterStop: boolean('keepWorkerAfterStop', orElse(given.keepWorkerAfterStop, false)),
    spareWorkers: integer('spareWorkers', orElse(given.spareWorkers, 0), 0, MOST_EXECUTORS),
    startTimeout: limit('startTimeout', orElse(given.startTimeout, 30_000))
  }
}

function threadName(name, value) {
  if (typeof value !== 'string') throw invalidType(must(name, 'a string', value))
  if (value.includes('\0'))
    throw invalidValue(`The option '${name}' must not contain a NUL character; leave it out`)
  return value
}

const isStrings = (value) =>
  isArray(value) && copied('execArgv', value).every((each) => typeof each === 'string')

/** What must hold for an option of node:worker_threads before a worker is made, and the same in words. */
const RESOURCE_CHECKS = {
  __proto__: null,
  resourceLimits: [isObject, 'an object'],
  env: [(value) => isObject(value) || value === SHARE_ENV, 'an object or SHARE_ENV of node:worker_threads'],
  argv: [isArray, 'an array'],
  execArgv: [isStrings, 'an array of strings']
}

/** Tries what will be done for each worker, whose `workerData` goes by message. */
function checkCloneable(name, value) {
  const { port1 } = new MessageChannel()
  try {
    port1.postMessage(value)
  } catch (cause) {
    const message = `The option '${name}' cannot be cloned for a worker: ${wordsOf(cause)}`
    throw new PoolError('ERR_NOT_SERIALIZABLE', message, { cause })
  } finally {
    port1.close()
  }
}

/** In megabytes. */
const RESOURCE_LIMITS = new Set([
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb'
])
const isMegabytes = (value) => value > 0 && value < Number.POSITIVE_INFINITY

/** Node takes what is misspelt or no number for nothing, and a worker that gets too little dies of it later. */
function resourceLimitsOf(options) {
  const given = take(options, RESOURCE_LIMITS, "The options of 'resourceLimits'", 'resourceLimits.')
  for (const [name, value] of Object.entries(given))
    number(`resourceLimits.${name}`, value, isMegabytes, 'a finite number of megabytes above 0')
  return { ...given }
}

function resourcesOf(given) {
  const resources = { __proto__: null }
  for (const name of WORKER_OPTIONS) {
    const value = given[name]
    if (value === undefined) continue
    if (name === 'stdout' || name === 'stderr' || name === 'trackUnmanagedFds') boolean(name, value)
    if (name === 'workerData') checkCloneable(name, value)
    const check = RESOURCE_CHECKS[name]
    if (check !== undefined && !check[0](value)) throw invalidType(must(name, check[1], value))
    resources[name] = name === 'resourceLimits' ? resourceLimitsOf(value) : value
  }
  return resources
}

function isScript(value) {
  try {
    return typeof value === 'string' || isURL(value)
  } catch {
    return false // a Proxy that does not answer
  }
}

/** The option `script` as a string: a path or an address. */
function scriptOf(script) {
  if (script === undefined || typeof script === 'string') return script
  const href = isScript(script) ? read(script, 'href', 'script.') : undefined
  if (typeof href !== 'string') throw invalidType(must('script', 'a path or a URL', script))
  return href
}

/** The options and the script of either form of the constructor. */
function formOf(first, second) {
  if (isScript(first)) {
    if (second === undefined) return [{}, first]
    return [typeof second === 'number' ? { size: second } : second, first]
  }
  if (second !== undefined) {
    throw invalidType(
      'WorkerPool takes a script and its options, or options alone; put the script first or into the options'
    )
  }
  return [first === undefined ? {} : first]
}

// ---- of the life of a pool

const RESIZE_OPTIONS = new Set(['minWorkers', 'maxWorkers', 'nativeThreads'])

/** The options of `resize`, completed by the `current` numbers. */
function resizeOptions(options, current) {
  const given = take(options, RESIZE_OPTIONS, "The options of 'resize'")
  if (Object.keys(given).length === 0) {
    throw invalidValue(
      `The options of 'resize' are empty; give at least one of ${[...RESIZE_OPTIONS].join(', ')}`
    )
  }
  const minWorkers = integer('minWorkers', orElse(given.minWorkers, current.minWorkers), 0, MOST_EXECUTORS)
  const maxWorkers = integer('maxWorkers', orElse(given.maxWorkers, current.maxWorkers), 1, MOST_EXECUTORS)
  if (minWorkers > maxWorkers) {
    if (given.maxWorkers === undefined) {
      throw outOfRange(
        `The option 'minWorkers' must not exceed the pool's maxWorkers, which is ${maxWorkers}; received ${minWorkers}, so give 'maxWorkers' as well`
      )
    }
    if (given.minWorkers === undefined) {
      throw outOfRange(
        `The option 'maxWorkers' must not be below the pool's minWorkers, which is ${minWorkers}; received ${maxWorkers}, so give 'minWorkers' as well`
      )
    }
    throw minimumTooHigh(minWorkers, maxWorkers)
  }
  return {
    minWorkers,
    maxWorkers,
    nativeThreads: nativeThreadsOf(orElse(given.nativeThreads, current.nativeThreads))
  }
}

const CLOSE_OPTIONS = new Set(['timeout', 'cancelQueued'])

/** The options of `close`; without a `timeout` it is undefined. */
function closeOptions(options) {
  const given = take(options, CLOSE_OPTIONS, "The options of 'close'")
  return {
    timeout: given.timeout === undefined ? undefined : duration('timeout', given.timeout),
    cancelQueued: boolean('cancelQueued', orElse(given.cancelQueued, false))
  }
}

module.exports = { closeOptions, formOf, poolOptions, resizeOptions }
