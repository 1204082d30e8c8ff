'use strict'

const native = require('./native.js')
const { PoolError, invalidType, invalidValue, show } = require('./errors.js')

/** A function's name in errors and statistics is cut here. */
const LONGEST_NAME = 60

/** What a task is called; nothing if it cannot be one. */
function nameOfTask(task) {
  if (typeof task === 'function') return task.name.slice(0, LONGEST_NAME) || '(function)'
  return typeof task === 'string' ? task : undefined
}

// JavaScript tasks by number: Rust and the workers know a task's name, or a function's source, by that alone.
class Labels {
  #native
  #script
  #names = []
  #byName = new Map()
  #bySource = new Map()
  #byFunction = new WeakMap()

  constructor(pool, script) {
    this.#native = pool
    this.#script = script
  }

  /** The number of a task: the name of an export, or a function. */
  of(task) {
    if (typeof task === 'string') return this.#byName.get(task) ?? this.#addName(task)
    if (typeof task === 'function') return this.#byFunction.get(task) ?? this.#addFunction(task)
    throw invalidType(`The task must be a name or a function; received ${show(task)}`)
  }

  /** What a task is called. */
  name(label) {
    return this.#names[label]
  }

  #addName(name) {
    if (this.#script === undefined) {
      const error = new PoolError(
        'ERR_TASK_NOT_FOUND',
        `There is no task '${name}': the pool has no script, and the native tasks are ${native.names.join(', ')}`
      )
      error.task = name
      throw error
    }
    return this.#add(this.#byName, name, name, false)
  }

  #addFunction(task) {
    const source = Function.prototype.toString.call(task)
    if (/\{\s*\[native code\]\s*\}$/.test(source)) {
      throw invalidValue(
        `The task ${show(task)} '${task.name}' is bound or native and has no source to send; wrap it in a function of your own`
      )
    }
    if (/^class(?!\s*\()/.test(source))
      throw invalidValue(`The task must be a function; the class '${task.name}' cannot be called`)
    const label = this.#bySource.get(source) ?? this.#add(this.#bySource, source, nameOfTask(task), true)
    this.#byFunction.set(task, label)
    return label
  }

  #add(map, text, name, isSource) {
    const label = this.#native.addLabel(text, isSource)
    this.#names[label] = name
    map.set(text, label)
    return label
  }
}

module.exports = { Labels, nameOfTask }
