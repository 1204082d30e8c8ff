'use strict'

const path = require('node:path')
const { ROOT } = require('./place.js')

function load() {
  // Tests name an addon with tasks of their own.
  const file = path.resolve(process.env.THREADMILL_ADDON ?? path.join(ROOT, 'threadmill.node'))
  try {
    return require(file)
  } catch (cause) {
    throw new Error(
      `Threadmill's native addon could not be loaded from ${file}; build it with 'npm run build' in the package's folder, which needs a Rust toolchain and a C compiler`,
      { cause }
    )
  }
}

const { NativePool, WorkerEndpoint, Parts } = load()

/** The contents of large buffers in messages; see src/binding/parts.rs. */
const { keep, discard, take, adopt, dropAll } = Parts
const largeBytes = { keep, discard, take, adopt, dropAll }

/** @type {string[]} The native tasks; a task's number is its place. */
const names = NativePool.catalogue()
const numbers = new Map(names.map((name, number) => [name, number]))

/** The number of the native task `name`, or undefined. */
const numberOf = (name) => numbers.get(name)

/** By number. @type {Map<number, any>} */
const declarations = new Map()

/** Anybody may write to the prototype of objects. */
function withoutPrototype(_, value) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.assign(Object.create(null), value) : value
}

/** What native task number `number` takes, as src/catalogue/ declares it. Read when it is first needed. */
function declarationOf(number) {
  let declaration = declarations.get(number)
  if (declaration === undefined) {
    declaration = JSON.parse(NativePool.declaration(number), withoutPrototype)
    declarations.set(number, declaration)
  }
  return declaration
}

/** The addon (see src/binding/) and its catalogue. */
module.exports = {
  NativePool,
  WorkerEndpoint,
  largeBytes,
  names,
  numberOf,
  declarationOf
}
