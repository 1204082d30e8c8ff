'use strict'

const addon = require('../addon.js')
const { PoolError, invalidType, invalidValue, show } = require('../errors.js')
const { instead } = require('../nearest.js')
const { PREFIX, nameOfReference } = require('../wire/reference.js')
const { Label, Labels } = require('./labels.js')

/** A function's name in errors and statistics is cut here. */
const LONGEST_NAME = 60

/** Of a function that does not say who it is. */
const NAMELESS = '(function)'

/** Exports that are remembered, and functions, and the characters of their names or sources. */
const MOST_EXPORTS = 4096
const MOST_SOURCES = 512
const MOST_CHARACTERS = 1 << 22

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

// What tasks are called, and the labels by which Rust and the workers know them: from 0 on names of exports and sources
// of functions, below 0 native tasks. Those from 0 on are forgotten in time, see ../README.md, "Forgetting"; their
// numbers come again after two billion others.
class Names {
  #native
  #script
  #exports
  #sources
  /** Native tasks by their names, prefix included. @type {Map<string, InstanceType<typeof Label>>} */
  #natives = new Map()
  /** Those from 0 on. @type {Map<number, InstanceType<typeof Label>>} */
  #byNumber = new Map()
  /** @type {WeakMap<Function, InstanceType<typeof Label>>} */
  #byFunction = new WeakMap()
  #asked = 0

  /**
   * @param {any} pool the NativePool, which numbers exports and sources
   * @param {string | undefined} script
   */
  constructor(pool, script) {
    this.#native = pool
    this.#script = script
    const forgotten = (labels) => this.#forgotten(labels)
    this.#exports = new Labels(MOST_EXPORTS, MOST_CHARACTERS, forgotten)
    this.#sources = new Labels(MOST_SOURCES, MOST_CHARACTERS, forgotten)
  }

  /** The label of a task: the name of an export, a native task, or a function. */
  of(task) {
    const label = this.#labelOf(task)
    label.asked = ++this.#asked
    return label
  }

  #labelOf(task) {
    if (typeof task === 'string')
      return this.#exports.get(task) ?? this.#natives.get(task) ?? this.#addText(task)
    if (typeof task === 'function') {
      const known = this.#byFunction.get(task)
      return known === undefined || known.isForgotten ? this.#addFunction(task) : known
    }
    throw invalidType(`The task must be a name or a function; received ${show(task)}`)
  }

  /** What a label is called, by the number that Rust has for it. */
  nameOf(kind, number) {
    if (kind === 'native') return `${PREFIX}${addon.names[number]}`
    return this.#byNumber.get(number)?.name ?? NAMELESS
  }

  /** A task or a submission that counted among those of the label no longer does. */
  release(label) {
    if (--label.tasks === 0 && label.isSurplus) this.#forget(label)
  }

  #forget(label) {
    if (this.#exports.get(label.text) === label) this.#exports.forget(label)
    else this.#sources.forget(label)
  }

  #forgotten(labels) {
    for (const { number } of labels) this.#byNumber.delete(number)
    if (labels.length > 0) this.#native.forgetLabels(labels.map(({ number }) => number))
  }

  #addText(text) {
    if (text.startsWith(PREFIX)) return this.#labelOfNative(text.slice(PREFIX.length))
    if (this.#script !== undefined) return this.#add(this.#exports, text, text, false)
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
    const text = `${PREFIX}${name}`
    const known = this.#natives.get(text)
    if (known !== undefined) return known
    const number = addon.numberOf(name)
    if (number !== undefined) {
      const label = new Label(nativeLabel(number), text, '')
      this.#natives.set(text, label)
      return label
    }
    const message = `There is no native task '${name}'; ${instead(name, addon.names)}`
    throw new PoolError('ERR_TASK_NOT_FOUND', message, { task: text })
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
    return this.#sources.get(source) ?? this.#add(this.#sources, source, nameOfTask(task), true)
  }

  #add(labels, text, name, isSource) {
    const label = new Label(this.#native.addLabel(text, isSource), name, text)
    this.#byNumber.set(label.number, label)
    labels.add(label)
    return label
  }
}

module.exports = { Names, nameOfTask, nativeNumber }
