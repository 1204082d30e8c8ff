'use strict'

// How options of any kind are read and checked.

const { PoolError, invalidType, invalidValue, outOfRange, show, wordsOf } = require('../errors.js')
const { instead } = require('../nearest.js')

// ---- reading what users give

function isArray(value) {
  try {
    return Array.isArray(value)
  } catch {
    return false // a revoked Proxy
  }
}

/** Whether a value is a URL, of whatever realm. */
const isURL = (value) => Object.prototype.toString.call(value) === '[object URL]'

const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value)

/** A value as it reads in a sentence, also a Proxy that answers nothing. */
function shown(value) {
  return isObject(value) ? 'an object' : show(value)
}

const unreadable = (what, cause) =>
  new PoolError('ERR_INVALID_ARG_VALUE', `${what} cannot be read: ${wordsOf(cause)}`, { cause })

/** Whether an object is where every chain of prototypes ends: anybody may have written to it, of whatever realm it is. */
const isRoot = (prototype) => prototype === null || Object.getPrototypeOf(prototype) === null

/** The names of the options given, also by a class or an object that this one inherits from, but not by Object.prototype. */
function namesIn(options, known) {
  const names = Object.keys(options)
  let prototype = Object.getPrototypeOf(options)
  if (isRoot(prototype)) return names
  const all = new Set(names)
  for (; !isRoot(prototype); prototype = Object.getPrototypeOf(prototype)) {
    for (const name of Object.keys(prototype)) all.add(name)
    for (const name of known) if (Object.hasOwn(prototype, name)) all.add(name) // the getters of a class are hidden
  }
  return [...all]
}

/** The same, each of which is known. */
function namesOf(options, known, what) {
  if (!isObject(options)) throw invalidType(`${what} must be an object; received ${shown(options)}`)
  let names
  try {
    names = namesIn(options, known)
  } catch (cause) {
    throw unreadable(what, cause)
  }
  for (const name of names) {
    if (!known.has(name))
      throw invalidValue(
        `${what} have no ${show(name)}; ${instead(name, [...known], `use one of ${[...known].join(', ')}`)}`
      )
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

module.exports = {
  boolean,
  copied,
  duration,
  integer,
  isArray,
  isObject,
  isURL,
  limit,
  must,
  namesIn,
  namesOf,
  number,
  orElse,
  read,
  shown,
  take,
  unreadable,
  word
}
