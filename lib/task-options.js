'use strict'

// The options of one task, and with them how any options are read and checked: a pool's options hold
// defaults for those of its tasks, so ./options.js builds on this file and nothing here knows of pools.

const { PoolError, invalidType, invalidValue, outOfRange, show, wordsOf } = require('./errors.js')
const { checkTransferList } = require('./transferable.js')

// ---- reading what users give

function isArray(value) {
  try {
    return Array.isArray(value)
  } catch {
    return false // a revoked Proxy
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value)

/** A value as it reads in a sentence, also a Proxy that answers nothing. */
function shown(value) {
  return isObject(value) ? 'an object' : show(value)
}

const unreadable = (what, cause) =>
  new PoolError('ERR_INVALID_ARG_VALUE', `${what} cannot be read: ${wordsOf(cause)}`, { cause })

/** The names of the options given; own ones only, as anybody may have written to a prototype. */
function namesOf(options, known, what) {
  if (!isObject(options)) throw invalidType(`${what} must be an object; received ${shown(options)}`)
  let names
  try {
    names = Object.keys(options)
  } catch (cause) {
    throw unreadable(what, cause)
  }
  for (const name of names) {
    if (!known.has(name))
      throw invalidValue(`${what} have no ${show(name)}; use one of ${[...known].join(', ')}`)
  }
  return names
}

function read(options, name, path = '') {
  try {
    return options[name]
  } catch (cause) {
    throw unreadable(`The option '${path}${name}'`, cause)
  }
}

/**
 * A copy of the user's options: each getter runs once, and what it throws names its option.
 * @returns {any}
 */
function take(options, known, what, path = '') {
  const taken = { __proto__: null }
  for (const name of namesOf(options, known, what)) {
    const value = read(options, name, path)
    if (value !== undefined) taken[name] = value
  }
  return taken
}

/** A value, or what stands for it if it was left out; `null` was not. */
const orElse = (value, standard) => (value === undefined ? standard : value)

/** The items of a user's list, each read once. */
function copied(name, list) {
  try {
    return Array.from(list)
  } catch (cause) {
    throw unreadable(`The option '${name}'`, cause)
  }
}

// ---- checking one value

const must = (name, demand, value) => `The option '${name}' must be ${demand}; received ${shown(value)}`

/** A number that `fits`, which is what `demand` says in words. */
function number(name, value, fits, demand) {
  if (typeof value !== 'number') throw invalidType(must(name, demand, value))
  if (!fits(value)) throw outOfRange(must(name, demand, value))
  return value
}

function integer(name, value, least, most) {
  const fits = (count) => Number.isInteger(count) && count >= least && count <= most
  return number(name, value, fits, `a whole number from ${least} to ${most}`)
}

const isDuration = (value) => value >= 0
const duration = (name, value) => number(name, value, isDuration, 'a number of milliseconds from 0')

/** The longest that something may take. */
const isLimit = (value) => value > 0
const limit = (name, value) =>
  number(name, value, isLimit, 'a number of milliseconds above 0, or Infinity for no limit')

function boolean(name, value) {
  if (typeof value !== 'boolean') throw invalidType(must(name, 'a boolean', value))
  return value
}

/** A string that is one of `words`. */
function word(name, value, words) {
  const demand = `one of ${words.join(', ')}`
  if (typeof value !== 'string') throw invalidType(must(name, demand, value))
  if (!words.includes(value)) throw invalidValue(must(name, demand, value))
  return value
}

// ---- retries

const RETRY_OPTIONS = new Set(['max', 'delay', 'factor', 'maxDelay', 'jitter', 'when'])
const MOST_RETRIES = 1_000_000
const NO_RETRIES = {
  max: 0,
  delay: 0,
  /** @type {number[] | undefined} The delay before each retry, if they were listed. */
  delays: undefined,
  factor: 1,
  maxDelay: Number.POSITIVE_INFINITY,
  jitter: false,
  /** @type {((error: unknown, attempt: number) => unknown) | undefined} */
  when: undefined
}

const isDelay = (value) => value >= 0 && value < Number.POSITIVE_INFINITY
const isFactor = (value) => value >= 1 && value < Number.POSITIVE_INFINITY

/** The option `retries`, complete and checked; undefined if there are to be none. */
function retriesOf(value) {
  const retries =
    typeof value === 'number'
      ? { ...NO_RETRIES, max: integer('retries', value, 0, MOST_RETRIES) }
      : retriesIn(value)
  return retries.max === 0 ? undefined : retries
}

function retriesIn(options) {
  if (!isObject(options)) {
    const demand = `a whole number from 0 to ${MOST_RETRIES}, or an object such as { max: 3, delay: 100 }`
    throw invalidType(must('retries', demand, options))
  }
  const given = take(options, RETRY_OPTIONS, "The options of 'retries'", 'retries.')
  const max = integer('retries.max', given.max, 0, MOST_RETRIES)
  const isList = isArray(given.delay)
  if (isList && given.factor !== undefined) {
    throw invalidValue(
      "The option 'retries.factor' multiplies one delay, but 'retries.delay' is a list; leave out 'factor', or give one delay"
    )
  }
  const when = given.when
  if (when !== undefined && typeof when !== 'function')
    throw invalidType(must('retries.when', 'a function of the error and the attempt', when))
  return {
    max,
    delay: isList ? 0 : delay('retries.delay', orElse(given.delay, 0), ', or a list of such'),
    delays: isList ? delaysOf(given.delay) : undefined,
    factor: number('retries.factor', orElse(given.factor, 1), isFactor, 'a finite number from 1'),
    maxDelay: duration('retries.maxDelay', orElse(given.maxDelay, Number.POSITIVE_INFINITY)),
    jitter: boolean('retries.jitter', orElse(given.jitter, false)),
    when
  }
}

const delay = (name, value, otherwise = '') =>
  number(name, value, isDelay, `a finite number of milliseconds from 0${otherwise}`)

function delaysOf(list) {
  const delays = copied('retries.delay', list)
  if (delays.length === 0)
    throw invalidValue(
      "The option 'retries.delay' must not be an empty list; leave it out to retry without delay"
    )
  for (const [index, each] of delays.entries()) delay(`retries.delay[${index}]`, each)
  return delays
}

// ---- what a task is given

/** Priorities by name. */
const PRIORITIES = { __proto__: null, lowest: -20, low: -10, normal: 0, high: 10, urgent: 20 }
const A_PRIORITY = `a number or one of ${Object.keys(PRIORITIES).join(', ')}`

/** The number of a priority. */
function priorityOf(priority) {
  if (typeof priority === 'number') return number('priority', priority, Number.isFinite, 'a finite number')
  if (typeof priority !== 'string') throw invalidType(must('priority', A_PRIORITY, priority))
  const level = PRIORITIES[priority]
  if (level === undefined) throw invalidValue(must('priority', A_PRIORITY, priority))
  return level
}

function transferOf(value) {
  if (!isArray(value)) throw invalidType(must('transfer', 'an array of transferable objects', value))
  const list = copied('transfer', value)
  checkTransferList(list)
  return list
}

/** Looks at what a signal can do, not at its class: it may be of another realm or a package's own. */
function signalOf(value) {
  let isSignal = false
  try {
    isSignal =
      isObject(value) &&
      typeof value.aborted === 'boolean' &&
      typeof value.addEventListener === 'function' &&
      typeof value.removeEventListener === 'function'
  } catch (cause) {
    throw unreadable("The option 'signal'", cause)
  }
  if (!isSignal)
    throw invalidType(must('signal', "an AbortSignal, which is the 'signal' of an AbortController", value))
  return value
}

const A_KEY = 'a string or a finite number'

function affinityOf(value) {
  if (typeof value === 'string') return value
  return String(number('affinity', value, Number.isFinite, A_KEY))
}

/** Of a task that is given its priority as an argument. */
const PRIORITY_OPTIONS = new Set(['transfer', 'timeout', 'queueTimeout', 'signal', 'retries', 'affinity'])
const EXECUTE_OPTIONS = new Set(['priority', ...PRIORITY_OPTIONS])

/**
 * What holds for tasks that say nothing else.
 * @typedef {{ timeout: number, queueTimeout: number, retries: ReturnType<typeof retriesOf> }} TaskDefaults
 */

/** @type {TaskDefaults} */
const NO_DEFAULTS = {
  timeout: Number.POSITIVE_INFINITY,
  queueTimeout: Number.POSITIVE_INFINITY,
  retries: undefined
}

/** @type {any[]} */
const NOTHING = []

/** The options of one task, complete and checked; `defaults` are its pool's. Every submission with options comes here. */
function executeOptions(options, defaults = NO_DEFAULTS, known = EXECUTE_OPTIONS) {
  const checked = {
    priority: 0,
    transfer: NOTHING,
    timeout: defaults.timeout,
    queueTimeout: defaults.queueTimeout,
    /** @type {AbortSignal | undefined} */
    signal: undefined,
    retries: defaults.retries,
    /** Whether they are the task's own and not its pool's. */
    ownRetries: false,
    /** @type {string | undefined} */
    affinity: undefined
  }
  for (const name of namesOf(options, known, "A task's options")) {
    const value = read(options, name)
    if (value === undefined) continue
    switch (name) {
      case 'priority':
        checked.priority = priorityOf(value)
        break
      case 'transfer':
        checked.transfer = transferOf(value)
        break
      case 'timeout':
        checked.timeout = limit('timeout', value)
        break
      case 'queueTimeout':
        checked.queueTimeout = limit('queueTimeout', value)
        break
      case 'signal':
        checked.signal = signalOf(value)
        break
      case 'retries':
        checked.retries = retriesOf(value)
        checked.ownRetries = true
        break
      case 'affinity':
        checked.affinity = affinityOf(value)
        break
    }
  }
  return checked
}

module.exports = {
  PRIORITY_OPTIONS,
  boolean,
  copied,
  duration,
  executeOptions,
  integer,
  isArray,
  isObject,
  limit,
  must,
  number,
  orElse,
  priorityOf,
  read,
  retriesOf,
  take,
  word
}
