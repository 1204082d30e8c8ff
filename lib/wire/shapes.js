'use strict'

const { USES_BEFORE_COMPILING, WIDEST_COMPILED_SHAPE, definitionOf } = require('./format.js')
const { Remembered } = require('./remembered.js')
const { ShapeTree } = require('./shape-tree.js')

// The shapes that `encode` meets: sets of property names in an order, each with the function that writes objects of it
// once that pays. Those of a message are known until its end, and beyond it if they were met before; see remembered.js.

/**
 * `index` is its place in message number `message`; `looks` counts objects that were found to be plain.
 * @typedef {{ keys: string[], definition: string, message: number, index: number, uses: number, looks: number, write: ((object: any) => boolean) | null }} Shape
 */

/** @type {Shape} */
const emptyShape = { keys: [], definition: '[]', message: 0, index: 0, uses: 0, looks: 0, write: null }
let lastShape = emptyShape
/** By number of names, modulo its length. */
const recentShapes = new Array(8).fill(emptyShape)
/** Whether `for … in` shows an object's own names alone. */
let prototypeIsClean = true
const remembered = new Remembered(dropAll)
/** Some of those that are remembered. */
const tree = new ShapeTree()
/** Of this message alone so far, by definition. @type {Map<string, Shape>} */
const newShapes = new Map()

/** To be called before the objects of a message are looked at: anybody may have written to their prototype meanwhile. */
function lookAtPrototype() {
  prototypeIsClean = true
  for (const _ in Object.prototype) prototypeIsClean = false
}

function sameKeys(a, b) {
  const length = a.length
  if (length !== b.length) return false
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The shape of a plain object. */
function shapeOf(object) {
  const recent = lastShape
  const expected = recent.keys
  let count = prototypeIsClean ? 0 : -1
  for (const key in object)
    if (key !== expected[count++]) {
      count = -1
      break
    }
  if (count === expected.length) return recent
  const keys = Object.keys(object)
  const slot = keys.length % recentShapes.length
  const other = recentShapes[slot]
  if (sameKeys(other.keys, keys)) return (lastShape = other)
  const known = tree.find(keys)
  if (known !== undefined) {
    recentShapes[slot] = known
    return (lastShape = known)
  }
  const definition = definitionOf(keys)
  /** @type {Shape | undefined} */
  let shape = remembered.get(definition)
  if (shape !== undefined) {
    if (keys.length <= WIDEST_COMPILED_SHAPE) tree.add(shape)
  } else shape = newShapes.get(definition)
  if (shape === undefined) {
    shape = { keys, definition, message: 0, index: 0, uses: 0, looks: 0, write: null }
    newShapes.set(definition, shape)
  }
  recentShapes[slot] = shape
  return (lastShape = shape)
}

/**
 * Counts that an object of the shape is written; once there have been enough, gives it a function for that.
 * @param {(value: any, object: any, key: string) => boolean} writeProperty
 */
function use(shape, writeProperty) {
  if (++shape.uses !== USES_BEFORE_COMPILING || shape.keys.length > WIDEST_COMPILED_SHAPE) return
  const writes = shape.keys.map((key) => JSON.stringify(key)).map((key) => `write(o[${key}], o, ${key})`)
  try {
    shape.write = new Function('write', `return (o) => ${writes.join(' && ') || true}`)(writeProperty)
  } catch {
    /* code generation is switched off */
  }
}

/** A message is over: of its new shapes those stay that were in one before. */
function endMessage() {
  if (newShapes.size === 0) return
  for (const [definition, shape] of newShapes)
    if (remembered.isWorth(definition)) remembered.set(definition, shape)
  newShapes.clear()
  dropRecent()
}

function dropRecent() {
  lastShape = emptyShape
  recentShapes.fill(emptyShape)
}

function dropAll() {
  dropRecent()
  tree.clear()
}

module.exports = { endMessage, lookAtPrototype, shapeOf, use }
