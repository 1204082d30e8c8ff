'use strict'

const { types } = require('node:util')
const { invalidType, show, wordsOf } = require('../errors.js')
const { bufferOf } = require('./views.js')

// A mark is a task's: it counts for those that ran when it was made, and for no later one. Each task of an isolate has a
// number, and a mark the number of the latest that had begun. So nothing has to be taken back when a task fails.

// One book for all copies of this module in an isolate: a script may import one, the worker another.
const KEY = Symbol.for('threadmill.moved')
/** @type {{ marks: WeakMap<object, number>, latestTask: number, latestMark: number }} */
const moved = (globalThis[KEY] ??= { marks: new WeakMap(), latestTask: 0, latestMark: 0 })

/** Marks what is behind `value` for transfer with the result that holds it. See index.d.ts. */
function move(value) {
  const target = ArrayBuffer.isView(value) ? bufferOf(value) : value
  if (!isTransferable(target)) {
    throw invalidType(
      `move() takes an ArrayBuffer, a view of one or another transferable object; received ${show(value)}, which is copied as it is`
    )
  }
  if (!types.isSharedArrayBuffer(target)) {
    moved.marks.set(target, moved.latestTask)
    moved.latestMark = moved.latestTask
  }
  return value
}

/** Told apart here, as not every runtime tells which objects are transferable. */
const NEVER = [
  Array.isArray,
  types.isMap,
  types.isSet,
  types.isDate,
  types.isRegExp,
  types.isPromise,
  types.isNativeError,
  types.isProxy
]
const UNCLONEABLE = /** @type {any} */ (Symbol('not to be cloned'))
const NOT_TRANSFERABLE = /^Found invalid (object|value) in transferList/

/** Whether something is a transferable object, or shared memory, which needs no transfer. */
function isTransferable(value) {
  if (value === null || typeof value !== 'object') return false
  if (types.isAnyArrayBuffer(value)) return true
  if (NEVER.some((is) => is(value)) || isPlain(value)) return false
  try {
    // Node looks at the list first. Then it fails, as a symbol cannot be cloned, and has taken nothing.
    structuredClone(UNCLONEABLE, { transfer: [value] })
  } catch (error) {
    return !NOT_TRANSFERABLE.test(wordsOf(error))
  }
  return true
}

/** Whether an object has no prototype but Object's, of whatever realm. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A task begins; answers its number. */
const beginTask = () => ++moved.latestTask

/** Whether anything has been marked since task `number` began. */
const hasMoved = (number) => moved.latestMark >= number

/** The objects within `value` that are marked for task `number`, and no longer are. O(size of the value). */
function takeMoved(value, number) {
  /** @type {any[]} */
  const found = []
  if (!hasMoved(number)) return found
  const seen = new Set()
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (next === null || typeof next !== 'object' || seen.has(next)) continue
    seen.add(next)
    const mark = moved.marks.get(next)
    if (mark !== undefined && mark >= number) {
      moved.marks.delete(next)
      found.push(next)
    } else if (ArrayBuffer.isView(next)) waiting.push(bufferOf(next))
    else if (types.isMap(next)) for (const [key, each] of next) waiting.push(key, each)
    else if (types.isSet(next)) for (const each of next) waiting.push(each)
    else if (!types.isAnyArrayBuffer(next)) for (const key of Object.keys(next)) waiting.push(next[key])
  }
  return found
}

module.exports = { beginTask, hasMoved, move, takeMoved }
