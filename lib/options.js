'use strict'

const os = require('node:os')
const { SHARE_ENV } = require('node:worker_threads')
const { PoolError, invalidType, invalidValue, outOfRange, show } = require('./errors.js')
const { isURL } = require('./script.js')
const { checkTransferList } = require('./transferable.js')

/** Priorities by name. */
const PRIORITIES = { __proto__: null, lowest: -20, low: -10, normal: 0, high: 10, urgent: 20 }

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy of the user's options: each getter runs once, and what it throws names its option. */
function take(options, known, what) {
  if (!isObject(options)) throw invalidType(`${what} must be an object; received ${show(options)}`)
  const taken = { __proto__: null }
  for (const name of Object.keys(options)) {
    if (!known.has(name)) {
      throw invalidValue(`${what} have no '${name}'; use one of ${[...known].join(', ')}`)
    }
    const value = read(options, name)
    if (value !== undefined) taken[name] = value
  }
  return taken
}

function read(options, name) {
  try {
    return options[name]
  } catch (cause) {
    throw new PoolError(
      'ERR_INVALID_ARG_VALUE',
      `The option '${name}' cannot be read: ${cause?.message ?? cause}`,
      { cause }
    )
  }
}

/** A value, or what stands for it if it was left out; `null` was not. */
const orElse = (value, standard) => (value === undefined ? standard : value)

function integer(name, value, least, most = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number')
    throw invalidType(`The option '${name}' must be a number; received ${show(value)}`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw outOfRange(
      `The option '${name}' must be a whole number from ${least} to ${most}; received ${value}`
    )
  }
  return value
}

function duration(name, value) {
  if (typeof value !== 'number')
    throw invalidType(`The option '${name}' must be a number of milliseconds; received ${show(value)}`)
  if (!(value >= 0))
    throw outOfRange(`The option '${name}' must be a number of milliseconds from 0; received ${value}`)
  return value
}

function threadName(name, value) {
  if (typeof value !== 'string')
    throw invalidType(`The option '${name}' must be a string; received ${show(value)}`)
  if (value.includes('\0'))
    throw invalidValue(`The option '${name}' must not contain a NUL character; leave it out`)
  return value
}

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
  'idleTimeout',
  'aging',
  'name',
  ...WORKER_OPTIONS
])

const MOST_EXECUTORS = 4096

const isStrings = (value) => Array.isArray(value) && value.every((each) => typeof each === 'string')

/** The options of a pool, complete and checked; `script` was an argument of its own. `resources` are for node:worker_threads. */
function poolOptions(options, script) {
  const given = take(options, POOL_OPTIONS, "A pool's options")
  if (script !== undefined && given.script !== undefined) {
    throw invalidValue("The option 'script' is given twice, as an argument and as an option; leave out one")
  }
  const available = os.availableParallelism()
  if (given.size !== undefined) {
    for (const name of ['minWorkers', 'maxWorkers']) {
      if (given[name] !== undefined)
        throw invalidValue(
          `The option 'size' sets both minWorkers and maxWorkers; leave out '${name}' or 'size'`
        )
    }
    integer('size', given.size, 1, MOST_EXECUTORS)
  }
  const minWorkers = integer('minWorkers', orElse(given.size, orElse(given.minWorkers, 0)), 0, MOST_EXECUTORS)
  const maxWorkers = integer(
    'maxWorkers',
    orElse(given.size, orElse(given.maxWorkers, Math.max(available, minWorkers))),
    1,
    MOST_EXECUTORS
  )
  if (minWorkers > maxWorkers) {
    throw outOfRange(
      `The option 'minWorkers' must not exceed 'maxWorkers', which is ${maxWorkers}; received ${minWorkers}`
    )
  }
  const resources = { __proto__: null }
  for (const name of WORKER_OPTIONS) if (given[name] !== undefined) resources[name] = given[name]
  for (const name of ['stdout', 'stderr', 'trackUnmanagedFds']) {
    if (name in resources && typeof resources[name] !== 'boolean')
      throw invalidType(`The option '${name}' must be a boolean; received ${show(resources[name])}`)
  }
  if ('argv' in resources && !Array.isArray(resources.argv)) {
    throw invalidType(`The option 'argv' must be an array; received ${show(resources.argv)}`)
  }
  if ('execArgv' in resources && !isStrings(resources.execArgv)) {
    throw invalidType(
      `The option 'execArgv' must be an array of strings; received ${show(resources.execArgv)}`
    )
  }
  if ('resourceLimits' in resources && !isObject(resources.resourceLimits)) {
    throw invalidType(
      `The option 'resourceLimits' must be an object; received ${show(resources.resourceLimits)}`
    )
  }
  if ('env' in resources && !isObject(resources.env) && resources.env !== SHARE_ENV) {
    throw invalidType(
      `The option 'env' must be an object or SHARE_ENV of node:worker_threads; received ${show(resources.env)}`
    )
  }
  return {
    script: orElse(script, given.script),
    resources,
    name: threadName('name', orElse(given.name, 'threadmill')),
    limits: {
      minWorkers,
      maxWorkers,
      nativeThreads: integer('nativeThreads', orElse(given.nativeThreads, available), 1, MOST_EXECUTORS),
      aging: duration('aging', orElse(given.aging, 0)),
      idleTimeout: duration('idleTimeout', orElse(given.idleTimeout, 30_000))
    }
  }
}

/** The options and the script of either form of the constructor. */
function formOf(first, second) {
  if (typeof first === 'string' || isURL(first)) {
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

const EXECUTE_OPTIONS = new Set(['priority', 'transfer'])
/** Of a task that is given its priority as an argument. */
const PRIORITY_OPTIONS = new Set(['transfer'])

/** The number of a priority. */
function priorityOf(priority) {
  if (typeof priority === 'number') {
    if (Number.isFinite(priority)) return priority
    throw outOfRange(`The option 'priority' must be a finite number; received ${priority}`)
  }
  const words = Object.keys(PRIORITIES)
  if (typeof priority !== 'string')
    throw invalidType(
      `The option 'priority' must be a number or one of ${words.join(', ')}; received ${show(priority)}`
    )
  const number = PRIORITIES[priority]
  if (number === undefined)
    throw invalidValue(
      `The option 'priority' must be a number or one of ${words.join(', ')}; received ${show(priority)}`
    )
  return number
}

/** The options of one task: `{ priority, transfer }`, checked. */
function executeOptions(options, known = EXECUTE_OPTIONS) {
  const given = take(options, known, "A task's options")
  const transfer = orElse(given.transfer, [])
  if (!Array.isArray(transfer))
    throw invalidType(
      `The option 'transfer' must be an array of transferable objects; received ${show(transfer)}`
    )
  const list = [...transfer]
  checkTransferList(list)
  return { priority: priorityOf(orElse(given.priority, 0)), transfer: list }
}

const CLOSE_OPTIONS = new Set(['timeout', 'cancelQueued'])

/** The options of `close`. */
function closeOptions(options) {
  const given = take(options, CLOSE_OPTIONS, "The options of 'close'")
  if (given.timeout !== undefined) duration('timeout', given.timeout)
  if (given.cancelQueued !== undefined && typeof given.cancelQueued !== 'boolean') {
    throw invalidType(`The option 'cancelQueued' must be a boolean; received ${show(given.cancelQueued)}`)
  }
  return given
}

module.exports = { PRIORITY_OPTIONS, formOf, poolOptions, executeOptions, closeOptions, priorityOf }
