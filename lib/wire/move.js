'use strict'

const { types } = require('node:util')
const { invalidType, show } = require('../errors.js')

// One mark for all copies of this module in an isolate: a script may import one, the worker another.
const KEY = Symbol.for('threadmill.moved')
/** @type {{ marks: WeakSet<object>, count: number }} */
const moved = (globalThis[KEY] ??= { marks: new WeakSet(), count: 0 })

/** Marks what is behind `value` for transfer with the result that holds it. See index.d.ts. */
function move(value) {
  const target = ArrayBuffer.isView(value) ? value.buffer : value
  if (target === null || typeof target !== 'object') {
    throw invalidType(
      `move() takes an ArrayBuffer, a view of one or another transferable object; received ${show(value)}, which is copied as it is`
    )
  }
  if (!moved.marks.has(target) && !types.isSharedArrayBuffer(target)) {
    moved.marks.add(target)
    moved.count++
  }
  return value
}

/** How many objects have been marked and not been transferred since. */
const movedCount = () => moved.count

/** The marked objects within `value`, which are no longer marked. O(size of the value). */
function takeMoved(value) {
  const found = []
  if (moved.count === 0) return found
  const seen = new Set()
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (next === null || typeof next !== 'object' || seen.has(next)) continue
    seen.add(next)
    if (moved.marks.delete(next)) {
      moved.count--
      found.push(next)
    } else if (ArrayBuffer.isView(next)) waiting.push(next.buffer)
    else if (types.isMap(next)) for (const [key, each] of next) waiting.push(key, each)
    else if (types.isSet(next)) for (const each of next) waiting.push(each)
    else if (!types.isAnyArrayBuffer(next)) for (const key of Object.keys(next)) waiting.push(next[key])
  }
  return found
}

module.exports = { move, movedCount, takeMoved }
