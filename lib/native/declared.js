'use strict'

const { invalidType, invalidValue, outOfRange, wordsOf } = require('../errors.js')
const { instead } = require('../nearest.js')
const { copied, isArray, isObject, isURL, namesIn, shown, unreadable } = require('../options/check.js')
const { lengthOf, sizeOf } = require('../wire/views.js')
const { fileURLToPath } = require('node:url')

// Checks the options of native tasks against their declarations, which Rust holds (src/catalogue/), and writes them as
// the JSON that Rust reads. Nobody's memory is taken here.

/** A longer string crosses as UTF-8 of its own instead of within the JSON. */
const LONGEST_STRING = 1024

const DATA = 'a Buffer, a typed array, an ArrayBuffer, a string or { path: string }'
const BYTES = 'a Buffer, a typed array, an ArrayBuffer or a string'

const received = (value) => (value === undefined || value === null ? 'nothing' : shown(value))

const bytesOf = (value) => (ArrayBuffer.isView(value) ? lengthOf(value) : sizeOf(value))

/** Levels of JSON within JSON that Rust reads; a few are those of the options around it. */
const DEEPEST_JSON = 100

/** How deep arrays and objects nest in JSON. */
function depthOf(json) {
  let [depth, deepest] = [0, 0]
  for (const [part] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (part === '[' || part === '{') deepest = Math.max(deepest, ++depth)
    else if (part === ']' || part === '}') depth--
  }
  return deepest
}

/** Lone surrogates, which JSON.stringify leaves as escapes that UTF-8 has no words for, as U+FFFD. */
const wellFormed = (json) =>
  json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (all, surrogate) => (surrogate ? '\ufffd' : all))

/** One call's options. `bytes` collects what is to cross beside the JSON. */
class DeclaredOptions {
  #task
  #bytes

  /**
   * @param {string} task
   * @param {{ add: (name: string, value: any) => number | undefined, addText: (text: string) => number }} bytes
   */
  constructor(task, bytes) {
    this.#task = task
    this.#bytes = bytes
  }

  /** The JSON of `input`, an object of `options`; `path` stands before their names in errors. */
  write(options, input, path = '') {
    // Each getter runs once, and all of them before the first value is looked at.
    const given = this.#namesIn(options, input, path)
    const values = options.map(({ name }) => (given.has(name) ? this.#read(input, name, path) : undefined))
    this.#refuseOthers(options, given, input, path)
    const chosen = (name) => {
      const index = options.findIndex((option) => option.name === name)
      return values[index] ?? options[index].default
    }
    let json = ''
    for (const [index, option] of options.entries()) {
      const value = values[index]
      if (value === undefined && !option.required) continue
      const written = this.#value(option.type, value, path + option.name, chosen)
      json += `${json === '' ? '' : ','}${JSON.stringify(option.name)}:${written}`
    }
    return `{${json}}`
  }

  #read(input, name, path) {
    try {
      return input[name]
    } catch (cause) {
      throw unreadable(`The option '${path}${name}' of '${this.#task}'`, cause)
    }
  }

  #namesIn(options, input, path) {
    try {
      return new Set(
        namesIn(
          input,
          options.map(({ name }) => name)
        )
      )
    } catch (cause) {
      throw unreadable(
        `The ${path === '' ? 'input' : `option '${path.slice(0, -1)}'`} of '${this.#task}'`,
        cause
      )
    }
  }

  #refuseOthers(options, given, input, path) {
    const names = options.map(({ name }) => name)
    for (const name of given) {
      if (names.includes(name) || this.#read(input, name, path) === undefined) continue
      const remedy = instead(name, names, 'leave it out')
      throw invalidValue(
        `The task '${this.#task}' has no option '${path}${name}'; ${remedy}${remedy.endsWith('?') ? '' : '.'}`
      )
    }
  }

  #wrong(make, name, demand, value) {
    return make(`The option '${name}' of '${this.#task}' must be ${demand}; received ${received(value)}.`)
  }

  /** One value as JSON. */
  #value(type, value, name, chosen) {
    switch (type.kind) {
      case 'data':
        return this.#data(value, name, true)
      case 'bytes':
        return this.#sized(type, value, name, chosen)
      case 'choice':
        return this.#choice(type.words, value, name)
      case 'whole':
        return this.#whole(type, value, name, chosen)
      case 'number': {
        const isAny = type.max === Number.MAX_VALUE
        const demand = isAny ? 'a finite number' : `a number from ${type.min} to ${type.max}`
        if (typeof value !== 'number') throw this.#wrong(invalidType, name, demand, value)
        if (!(value >= type.min && value <= type.max)) throw this.#wrong(outOfRange, name, demand, value)
        return Object.is(value, -0) ? '-0.0' : String(value)
      }
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#wrong(invalidType, name, 'a boolean', value)
        return String(value)
      case 'text':
        if (typeof value !== 'string') throw this.#wrong(invalidType, name, 'a string', value)
        return this.#string(value)
      case 'json':
        return this.#json(value, name)
      case 'list':
        return this.#list(type, value, name, chosen)
      default: // record
        if (!isObject(value)) throw this.#wrong(invalidType, name, 'an object', value)
        return this.write(type.options, value, `${name}.`)
    }
  }

  #string(text) {
    // As UTF-8 has it.
    return text.length > LONGEST_STRING
      ? `{"text":${this.#bytes.addText(text)}}`
      : JSON.stringify(text.toWellFormed())
  }

  #data(value, name, mayBePath) {
    if (typeof value === 'string') return this.#string(value)
    const attachment = this.#bytes.add(name, value)
    if (attachment !== undefined) return `{"attachment":${attachment}}`
    const path = mayBePath ? this.#path(value, name) : undefined
    if (path !== undefined) return `{"path":${JSON.stringify(path)}}`
    throw this.#wrong(invalidType, name, mayBePath ? DATA : BYTES, value)
  }

  /** The path in `{ path }`, or undefined. */
  #path(value, name) {
    if (!isObject(value)) return undefined
    let path
    let address
    try {
      if (Object.keys(value).join() !== 'path') return undefined
      path = value.path
      if (isURL(path)) {
        address = path.href
        path = fileURLToPath(path)
      }
    } catch (cause) {
      if (path === undefined) return undefined // a Proxy that answers nothing
      const reason = `${shown(address ?? path)} is none: ${wordsOf(cause)}`
      throw invalidValue(
        `The option '${name}.path' of '${this.#task}' must be a path or a 'file:' URL; ${reason}.`
      )
    }
    if (typeof path !== 'string') return undefined
    if (path.includes('\0'))
      throw this.#wrong(invalidValue, `${name}.path`, 'a path, which has no NUL character', path)
    return path.toWellFormed()
  }

  #choice(words, value, name) {
    if (typeof value === 'string' && words.includes(value)) return JSON.stringify(value)
    const demand = `one of ${words.map((word) => `'${word}'`).join(', ')}`
    throw this.#wrong(typeof value === 'string' ? invalidValue : invalidType, name, demand, value)
  }

  /** The limits of a value, which may depend on a choice, and the end of a sentence about them. */
  #range({ min, max, by, ranges }, name, chosen) {
    if (by === undefined) return { min, max, subject: '' }
    const choice = chosen(by)
    if (Object.hasOwn(ranges, choice)) {
      const [least, most] = ranges[choice]
      return { min: least, max: most, subject: ` for ${choice}` }
    }
    const words = Object.keys(ranges).join(', ')
    throw invalidValue(
      `The option '${name}' of '${this.#task}' goes with the ${by} ${words}; leave it out for ${shown(choice)}.`
    )
  }

  #whole(type, value, name, chosen) {
    const { min, max, subject } = this.#range(type, name, chosen)
    const demand = `a whole number from ${min} to ${max}${subject}`
    if (typeof value !== 'number') throw this.#wrong(invalidType, name, demand, value)
    if (!(Number.isInteger(value) && value >= min && value <= max))
      throw this.#wrong(outOfRange, name, demand, value)
    return String(value)
  }

  /** Bytes of a certain length. */
  #sized(type, value, name, chosen) {
    const isBounded = type.min !== undefined || type.by !== undefined
    const json = this.#data(value, name, false)
    if (!isBounded) return json
    const { min, max, subject } = this.#range(type, name, chosen)
    const length = typeof value === 'string' ? Buffer.byteLength(value) : bytesOf(value)
    if (length >= min && length <= max) return json
    const demand = min === max ? `${min} bytes long` : `${min} to ${max} bytes long`
    throw outOfRange(
      `The option '${name}' of '${this.#task}' must be ${demand}${subject}; received ${length} bytes.`
    )
  }

  #json(value, name) {
    let json
    try {
      json = JSON.stringify(value)
    } catch {
      /* a circle, a BigInt or a toJSON that throws */
    }
    if (json === undefined) throw this.#wrong(invalidType, name, 'what JSON can say', value)
    if (depthOf(json) > DEEPEST_JSON)
      throw outOfRange(
        `The option '${name}' of '${this.#task}' must not nest deeper than ${DEEPEST_JSON} levels.`
      )
    return wellFormed(json)
  }

  #list({ of, min = 0, max = Number.POSITIVE_INFINITY }, value, name, chosen) {
    if (!isArray(value)) throw this.#wrong(invalidType, name, 'an array', value)
    const { length } = value
    if (length < min || length > max) {
      const demand = max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`
      throw outOfRange(
        `The option '${name}' of '${this.#task}' must have ${demand} items; received ${length}.`
      )
    }
    const items = copied(name, value).map((item, index) => this.#value(of, item, `${name}[${index}]`, chosen))
    return `[${items.join(',')}]`
  }
}

module.exports = { DeclaredOptions }
