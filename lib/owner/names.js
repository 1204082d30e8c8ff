'use strict'

const addon = require('../addon.js')
const { PoolError, invalidType, invalidValue, show } = require('../errors.js')
const { instead } = require('../nearest.js')
const { PREFIX, nameOfReference } = require('../wire/reference.js')

/** A function's name in errors and statistics is cut here. */
const LONGEST_NAME = 60

/** Of a function that does not say who it is. */
const NAMELESS = '(function)'

/** What a task is called; nothing if it cannot be one. Also of a function that throws when it is asked. */
function nameOfTask(task) {
  if (typeof task === 'string') return task
  if (typeof task !== 'function') return undefined
  try {
    const native = nameOfReference(task)
    return native === undefined ? nameOfFunction(task) : `${PREFIX}${native}`
  } catch {
    return NAMELESS
  }
}

/** A function's name; one without is called what it says. */
function nameOfFunction(task) {
  const name = Object.getOwnPropertyDescriptor(task, 'name')?.value // a class may have a method called so
  if (typeof name === 'string' && name !== '') return shortened(name)
  const source = sourceOf(task)
  return isNative(source) ? NAMELESS : shortened(source.replace(/\s+/g, ' '))
}

const shortened = (text) => (text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text)

const sourceOf = (task) => Function.prototype.toString.call(task)
const isNative = (source) => /\{\s*\[native code\]\s*\}$/.test(source)

/** Whether a function is a class. Methods may be called `class`, and functions begin with `className`: only classes have a prototype, too. */
const isClass = (task, source) => /^class(?![\w$])/.test(source) && Object.hasOwn(task, 'prototype')

/** The label of native task number `number`, and the other way round. */
const nativeLabel = (number) => -1 - number
const nativeNumber = nativeLabel

// Tasks by label, the number by which Rust and the workers know them: from 0 on names of exports and sources of
// functions, below 0 native tasks.
class Names {
  #native
  #script
  /** Of labels from 0 on. @type {string[]} */
  #names = []
  /** @type {Map<string, number>} */
  #byText = new Map()
  #bySource = new Map()
  /** @type {WeakMap<Function, number>} */
  #byFunction = new WeakMap()

  /**
   * @param {any} pool the NativePool, which numbers exports and sources
   * @param {string | undefined} script
   */
  constructor(pool, script) {
    this.#native = pool
    this.#script = script
  }

  /** The label of a task: the name of an export, a native task, or a function. */
  of(task) {
    if (typeof task === 'string') return this.#byText.get(task) ?? this.#addText(task)
    if (typeof task === 'function') return this.#byFunction.get(task) ?? this.#addFunction(task)
    throw invalidType(`The task must be a name or a function; received ${show(task)}`)
  }

  /** What a task is called. */
  name(label) {
    return label < 0 ? `${PREFIX}${addon.names[nativeNumber(label)]}` : this.#names[label]
  }

  /** The same, for one of its kind's labels as Rust has them. */
  nameOf(kind, label) {
    return this.name(kind === 'native' ? nativeLabel(label) : label)
  }

  #addText(text) {
    if (text.startsWith(PREFIX)) {
      const label = this.#labelOfNative(text.slice(PREFIX.length))
      this.#byText.set(text, label)
      return label
    }
    if (this.#script !== undefined) return this.#add(this.#byText, text, text, false)
    const hint =
      addon.numberOf(text) === undefined
        ? `native tasks are ${addon.names.map((name) => PREFIX + name).join(', ')}`
        : `the native task of that name is '${PREFIX}${text}'`
    throw new PoolError(
      'ERR_TASK_NOT_FOUND',
      `There is no task '${text}': the pool has no script, and ${hint}`,
      { task: text }
    )
  }

  #labelOfNative(name) {
    const number = addon.numberOf(name)
    if (number !== undefined) return nativeLabel(number)
    const message = `There is no native task '${name}'; ${instead(name, addon.names)}`
    throw new PoolError('ERR_TASK_NOT_FOUND', message, { task: `${PREFIX}${name}` })
  }

  #addFunction(task) {
    const native = nameOfReference(task)
    const label = native === undefined ? this.#addSource(task) : this.#labelOfNative(native)
    this.#byFunction.set(task, label)
    return label
  }

  #addSource(task) {
    const source = sourceOf(task)
    if (isNative(source)) {
      throw invalidValue(
        `The task '${nameOfTask(task)}' is a bound or native function and has no source to send; wrap it in a function of your own`
      )
    }
    if (isClass(task, source)) {
      throw invalidValue(
        `The task must be a function; the class '${nameOfTask(task)}' cannot be called, so give a function that makes one`
      )
    }
    return this.#bySource.get(source) ?? this.#add(this.#bySource, source, nameOfTask(task), true)
  }

  #add(map, text, name, isSource) {
    const label = this.#native.addLabel(text, isSource)
    this.#names[label] = name
    map.set(text, label)
    return label
  }
}

module.exports = { Names, nameOfTask, nativeNumber }
