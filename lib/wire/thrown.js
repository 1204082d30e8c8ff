'use strict'

const { inspect, types } = require('node:util')
const { PoolError, isOwn } = require('../errors.js')
const { define, hide } = require('../property.js')
const { withoutOwnFrames, withoutStack } = require('../stack.js')
const { BASES, baseOfChain, classesOf, prototypeFor } = require('./error-classes.js')

// Anything thrown as plain values, to cross between isolates, and back.

const OWN_PARTS = new Set(['message', 'stack', 'cause', 'name'])

/** Errors further from the one that was thrown, along causes and `errors`, are left out: nobody reads on. */
const DEEPEST = 1000

/** A DOMException may be of another realm, and is no native error. @type {(value: any) => boolean} */
const isError = (value) =>
  read(() => types.isNativeError(value) || value instanceof Error || isDOM(value)) === true

const isDOM = (value) => Object.prototype.toString.call(value) === '[object DOMException]'

const KINDS = { VALUE: 0, ERROR: 1, POOL: 2 }

/**
 * Anything thrown, as a value that can be encoded: `[VALUE, thrown]`, or `[ERROR, rows]` with a row for each error in it,
 * once, the one that was thrown first. Within a row, another error is `[ERROR, its row's index]`. A list and not a tree,
 * so that no depth is too much for those who carry it.
 */
function describe(/** @type {any} */ thrown) {
  if (!isError(thrown)) return [KINDS.VALUE, thrown]
  /** @type {Map<any, { place: number, depth: number }>} */
  const known = new Map([[thrown, { place: 0, depth: 0 }]])
  const rows = []
  for (const [error, { place, depth }] of known) {
    const refer = (value) => {
      if (!isError(value)) return [KINDS.VALUE, value]
      let other = known.get(value)
      if (other === undefined) {
        if (depth === DEEPEST) return undefined
        other = { place: known.size, depth: depth + 1 }
        known.set(value, other)
      }
      return [KINDS.ERROR, other.place]
    }
    define(rows, place, rowOf(error, refer))
  }
  return [KINDS.ERROR, rows]
}

/** Every part is there, if need be as undefined: one that is not would be looked for in Object.prototype. */
function rowOf(error, refer) {
  const classes = classesOf(error)
  const base = baseOfChain(error)
  const errors = base === 'AggregateError' ? read(() => error.errors) : undefined
  const hasErrors = Array.isArray(errors)
  const className = read(() => String(error.constructor.name)) ?? classes[0] ?? base
  return {
    kind: error instanceof PoolError ? KINDS.POOL : KINDS.ERROR,
    base,
    classes,
    className,
    name: read(() => String(error.name)) ?? className,
    message: read(() => String(error.message)) ?? '',
    stack: read(() => withoutOwnFrames(String(error.stack), isOwn(error))),
    cause: Object.hasOwn(error, 'cause') ? refer(read(() => error.cause)) : undefined,
    errors: hasErrors ? errors.map(refer).filter((each) => each !== undefined) : undefined,
    own: ownOf(error, base, hasErrors)
  }
}

/** The properties of an error that are no part of every error. */
function ownOf(error, base, hasErrors) {
  const own = {}
  for (const key of Object.keys(error)) {
    if (OWN_PARTS.has(key) || (key === 'errors' && hasErrors)) continue
    define(
      own,
      key,
      read(() => error[key])
    )
  }
  // Inherited codes, as of DOMException, come with the class; one on a user's prototype would be lost.
  if (base !== 'DOMException' && !Object.hasOwn(own, 'code')) {
    const code = read(() => error.code)
    if (code !== undefined) define(own, 'code', code)
  }
  // Somebody threw it, a pool that the task used, say: who gets it can tell it from what this pool has to say.
  if (error instanceof PoolError && !isOwn(error)) define(own, 'thrown', true)
  return own
}

/** What `get` answers, unless a getter of the user's throws. */
function read(get) {
  try {
    return get()
  } catch {
    return undefined
  }
}

/** The same description with everything that cannot be cloned replaced by what `util.inspect` says of it. */
function simplify(description) {
  const [kind, content] = description
  if (kind === KINDS.VALUE) return [kind, cloneable(content)]
  return [
    kind,
    content.map((row) => {
      const own = {}
      for (const key of Object.keys(row.own)) define(own, key, cloneable(row.own[key]))
      return { ...row, cause: row.cause && simpleItem(row.cause), errors: row.errors?.map(simpleItem), own }
    })
  ]
}

const simpleItem = ([kind, content]) => [kind, kind === KINDS.VALUE ? cloneable(content) : content]

function cloneable(value) {
  if (value === undefined || value === null) return value
  return read(() => structuredClone(value)) ?? read(() => inspect(value)) ?? 'a value that cannot be shown'
}

/**
 * What `describe` described.
 * @param {Map<string, Function>} classes of whoever gets it, by name: errors of these are instances of them
 */
function restore(description, classes) {
  const [kind, content] = description
  if (kind === KINDS.VALUE) return content
  const made = content.map((row) => withoutStack(() => make(row, classes)))
  const itemOf = ([of, value]) => (of === KINDS.VALUE ? value : made[value])
  for (const [place, { name, stack, cause, errors, own }] of content.entries()) {
    const error = made[place]
    // A getter of a registered class may look for what only its constructor makes.
    if (read(() => error.name) !== name) hide(error, 'name', name)
    if (stack !== undefined) hide(error, 'stack', stack)
    if (cause !== undefined) hide(error, 'cause', itemOf(cause))
    if (errors !== undefined) hide(error, 'errors', errors.map(itemOf))
    for (const key of Object.keys(own)) define(error, key, own[key])
  }
  return made[0]
}

/** An error of the right class. No constructor of a user's runs: it may want other arguments, and do other things. */
function make({ kind, base, classes: names, className, message, name, own }, classes) {
  const prototype = prototypeFor(base, names, className, classes, kind === KINDS.POOL)
  if (prototype === undefined && kind === KINDS.POOL) return new PoolError(own.code, message)
  const error = bare(base, message, name)
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype)
  return error
}

function bare(base, message, name) {
  if (base === 'DOMException') return new DOMException(message, name)
  return base === 'AggregateError' ? new AggregateError([], message) : new BASES[base](message)
}

module.exports = { KINDS, describe, simplify, restore }
