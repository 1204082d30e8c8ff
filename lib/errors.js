'use strict'

const { hide } = require('./property.js')

/** One mark for all copies of this module, as of a script and of the worker that runs it, or under a test runner. */
const MARK = Symbol.for('threadmill.PoolError')

/**
 * Whether this copy of the module made an error: the worker's, say, and not that of the script it runs.
 * @type {(value: any) => boolean}
 */
let isOwn

/** Every option by itself: one that was left out would be looked for in Object.prototype. */
const NO_OPTIONS = { task: undefined, cause: undefined, exitCode: undefined }

/** An error of the pool itself, as opposed to one that a task threw. See index.d.ts. */
class PoolError extends Error {
  #isOwn = true

  constructor(
    code,
    message,
    /** @type {{ task?: string, cause?: unknown, exitCode?: number }} */ options = NO_OPTIONS
  ) {
    const { task, cause, exitCode } = { ...NO_OPTIONS, ...options }
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    if (task !== undefined) this.task = task
    if (exitCode !== undefined) this.exitCode = exitCode
  }

  static {
    isOwn = (value) => typeof value === 'object' && value !== null && #isOwn in value
  }
}
hide(PoolError.prototype, 'name', 'PoolError')
hide(PoolError.prototype, MARK, true)

/**
 * Errors of other copies are PoolErrors, too; a class that extends this one asks as any class does.
 * @this {any}
 */
function isInstance(/** @type {any} */ value) {
  if (this !== PoolError) return Function.prototype[Symbol.hasInstance].call(this, value)
  return typeof value === 'object' && value !== null && value[MARK] === true
}
hide(PoolError, Symbol.hasInstance, isInstance)

const invalidType = (message) => new PoolError('ERR_INVALID_ARG_TYPE', message)
const invalidValue = (message) => new PoolError('ERR_INVALID_ARG_VALUE', message)
const outOfRange = (message) => new PoolError('ERR_OUT_OF_RANGE', message)

/** What was thrown, in words; it may be anything. */
function wordsOf(/** @type {any} */ thrown) {
  try {
    return String(thrown?.message ?? thrown)
  } catch {
    return 'it threw something that has no words'
  }
}

/** A value as it reads in a sentence. */
function show(value) {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return 'an array'
  return 'an object'
}

module.exports = { PoolError, invalidType, invalidValue, isOwn, outOfRange, show, wordsOf }
