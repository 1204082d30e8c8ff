'use strict'

// The options of one task.

const { invalidType, invalidValue } = require('../errors.js')
const { checkTransferList } = require('../wire/transfer.js')
const {
  boolean,
  copied,
  duration,
  integer,
  isArray,
  isObject,
  limit,
  must,
  namesOf,
  number,
  orElse,
  read,
  take,
  unreadable
} = require('./check.js')

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

/** The options of `execute` for a task that is given its priority as an argument. */
function withPriority(level, options) {
  const priority = priorityOf(level)
  if (options === undefined) return { priority }
  return { ...take(options, PRIORITY_OPTIONS, "A task's options"), priority }
}

/** The options of one task, complete and checked; `defaults` are its pool's. Every submission with options comes here. */
function executeOptions(options, defaults = NO_DEFAULTS) {
  const checked = {
    /** Whether there is nothing but a priority. */
    isPlain: true,
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
  for (const name of namesOf(options, EXECUTE_OPTIONS, "A task's options")) {
    const value = read(options, name)
    if (value === undefined) continue
    if (name !== 'priority') checked.isPlain = false
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

module.exports = { executeOptions, retriesOf, withPriority }
