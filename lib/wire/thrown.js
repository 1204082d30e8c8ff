'use strict'

const { inspect, types } = require('node:util')
const { PoolError, isOwn } = require('../errors.js')
const { withoutOwnFrames, withoutStack } = require('../stack.js')

// Anything thrown as plain values, to cross between isolates, and back.

const BASES = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  DOMException
}
const OWN_PARTS = new Set(['message', 'stack', 'cause', 'name'])

/** @type {(value: any) => boolean} */
const isError = (value) => read(() => types.isNativeError(value) || value instanceof Error) === true

/** The nearest built-in class of an error, by name: classes of another realm are not ours. */
function baseOf(error) {
  for (
    let prototype = Object.getPrototypeOf(error);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const name = Object.hasOwn(prototype, 'constructor') ? read(() => prototype.constructor.name) : undefined
    if (typeof name === 'string' && Object.hasOwn(BASES, name)) return name
  }
  return 'Error'
}

const KINDS = { VALUE: 0, ERROR: 1, POOL: 2 }

/**
 * Anything thrown, as a value that can be encoded: `[kind, …]`. An error that appears twice (its own
 * cause, say) is described once.
 */
function describe(/** @type {any} */ thrown, seen = new Map()) {
  if (!isError(thrown)) return [KINDS.VALUE, thrown]
  const known = seen.get(thrown)
  if (known !== undefined) return known
  /** @type {any} */
  const parts = {}
  const description = [thrown instanceof PoolError ? KINDS.POOL : KINDS.ERROR, parts]
  seen.set(thrown, description)
  parts.base = baseOf(thrown)
  parts.className = read(() => String(thrown.constructor.name)) ?? parts.base
  parts.name = read(() => String(thrown.name)) ?? parts.className
  parts.message = read(() => String(thrown.message)) ?? ''
  parts.stack = read(() => withoutOwnFrames(String(thrown.stack), isOwn(thrown)))
  if (Object.hasOwn(thrown, 'cause'))
    parts.cause = describe(
      read(() => thrown.cause),
      seen
    )
  const errors = parts.base === 'AggregateError' ? read(() => thrown.errors) : undefined
  if (Array.isArray(errors)) parts.errors = errors.map((error) => describe(error, seen))
  parts.own = {}
  for (const key of Object.keys(thrown)) {
    if (OWN_PARTS.has(key) || (key === 'errors' && parts.errors !== undefined)) continue
    define(
      parts.own,
      key,
      read(() => thrown[key])
    )
  }
  // Inherited codes, as of DOMException, come with the class; one on a user's prototype would be lost.
  if (parts.base !== 'DOMException' && !('code' in parts.own)) {
    const code = read(() => thrown.code)
    if (code !== undefined) parts.own.code = code
  }
  // Somebody threw it, a pool that the task used, say: who gets it can tell it from what this pool has to say.
  if (description[0] === KINDS.POOL && !isOwn(thrown)) parts.own.thrown = true
  return description
}

/** Makes an own property, also of `__proto__`. */
function define(object, key, value) {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
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
function simplify(description, seen = new Map()) {
  const known = seen.get(description)
  if (known !== undefined) return known
  const [kind, content] = description
  if (kind === KINDS.VALUE) return [kind, cloneable(content)]
  const parts = { ...content, own: {} }
  const simple = [kind, parts]
  seen.set(description, simple)
  if (content.cause !== undefined) parts.cause = simplify(content.cause, seen)
  if (content.errors !== undefined) parts.errors = content.errors.map((error) => simplify(error, seen))
  for (const key of Object.keys(content.own)) define(parts.own, key, cloneable(content.own[key]))
  return simple
}

function cloneable(value) {
  if (value === undefined || value === null) return value
  return read(() => structuredClone(value)) ?? read(() => inspect(value)) ?? 'a value that cannot be shown'
}

/** Classes made for class names that this realm does not know, so that they still show. */
const classes = new Map()
const MOST_CLASSES = 1000

function classOf(base, className) {
  if (Object.hasOwn(BASES, className)) return BASES[className]
  const key = `${base} ${className}`
  let known = classes.get(key)
  if (known === undefined) {
    if (classes.size === MOST_CLASSES) classes.clear()
    known = { [className]: class extends BASES[base] {} }[className]
    classes.set(key, known)
  }
  return known
}

/** What `describe` described. */
function restore(description, seen = new Map()) {
  const [kind, content] = description
  if (kind === KINDS.VALUE) return content
  const known = seen.get(description)
  if (known !== undefined) return known
  const { name, stack, cause, errors, own } = content
  const made = make(kind, content)
  seen.set(description, made)
  const hide = (key, value) =>
    Object.defineProperty(made, key, { value, writable: true, enumerable: false, configurable: true })
  if (made.name !== name) hide('name', name)
  if (stack !== undefined) hide('stack', stack)
  if (cause !== undefined) hide('cause', restore(cause, seen))
  if (errors !== undefined)
    hide(
      'errors',
      errors.map((each) => restore(each, seen))
    )
  for (const key of Object.keys(own)) {
    define(made, key, own[key])
  }
  return made
}

function make(kind, { base, className, message, name, own }) {
  return withoutStack(() => {
    if (kind === KINDS.POOL) return new PoolError(own.code, message)
    if (base === 'DOMException') return new DOMException(message, name)
    const Class = classOf(base, className)
    return base === 'AggregateError' ? new Class([], message) : new Class(message)
  })
}

module.exports = { describe, simplify, restore }
