'use strict'

const { define } = require('../property.js')
const { Remembered } = require('./remembered.js')

// Classes of errors by their names, as no class can cross between isolates.

const BASES = {
  __proto__: null,
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

/** The name of the class that has this prototype, or undefined. */
function nameOf(prototype) {
  try {
    const { name } = Object.hasOwn(prototype, 'constructor') ? prototype.constructor : NAMELESS
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

const NAMELESS = { name: undefined }

/** The names of an error's classes, its own first, and of the built-in one that they end at: others' are not ours. */
function chainOf(error) {
  const names = []
  let prototype = Object.getPrototypeOf(error)
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = nameOf(prototype)
    if (name === undefined) continue
    if (name in BASES) return { names, base: name }
    define(names, names.length, name)
  }
  return { names, base: 'Error' }
}

const classesOf = (error) => chainOf(error).names
const baseOfChain = (error) => chainOf(error).base

/** What a class takes beside the characters of its name, as if it were characters. */
const WEIGHT = 512
/** Classes made for names that this realm does not know, so that they still show. They are never called. */
const standIns = new Remembered(() => {}, WEIGHT)

function standInFor(parent, parentName, className) {
  const key = `${parentName} ${className}`
  const known = standIns.get(key)
  if (known !== undefined && Object.getPrototypeOf(known) === parent) return known
  const made = { [className]: class extends parent {} }[className]
  standIns.set(key, made)
  return made
}

/**
 * The prototype of an error of these classes, by name; undefined if it is that of its base or, `isPool`, PoolError's.
 * @param {Map<string, any>} registered
 */
function prototypeFor(base, names, className, registered, isPool) {
  for (const name of names) {
    if (isPool && name === 'PoolError') break
    const found = registered.get(name)
    if (found === undefined) continue
    return name === className ? found.prototype : standInFor(found, name, className).prototype
  }
  return isPool || className === base ? undefined : standInFor(BASES[base], base, className).prototype
}

module.exports = { BASES, baseOfChain, classesOf, nameOf, prototypeFor }
