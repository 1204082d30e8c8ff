'use strict'

const { createRequire } = require('node:module')
const path = require('node:path')
const vm = require('node:vm')
const { PoolError, wordsOf } = require('../errors.js')

// Functions that were sent as source.

/** The file that they are in, as it were: `require` and `import()` look from here, and it shows in stacks. */
const HERE = path.join(process.cwd(), '[inline task]')
/** @type {NodeJS.Require | undefined} */
let requireHere

/** What lets code without a file use `import()` as a file would; not to be had everywhere. */
const LOADER = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER

/** What code is compiled with. @returns {vm.CompileFunctionOptions} */
const optionsOf = (others) =>
  Object.assign(Object.create(null), { filename: HERE, importModuleDynamically: LOADER, ...others })

/** Runs code that begins with `before`, which is ours. Other than `Function`, it may be compiled where strings may not be. */
function run(code, before) {
  requireHere ??= createRequire(HERE)
  if (LOADER === undefined) return new Function('require', code)(requireHere)
  if (/\bimport\s*\(/.test(code)) warnOfLoader()
  const compiled = vm.compileFunction(code, ['require'], optionsOf({ columnOffset: -before.length }))
  return compiled(requireHere)
}

let hasWarned = false
/** What warns, while it is kept from that. @type {typeof process.emitWarning | undefined} */
let silenced

/** Node warns once in each thread that LOADER is experimental: users have not asked for it, and do not hear of it. */
function warnOfLoader() {
  if (hasWarned) return
  hasWarned = true
  silenced = process.emitWarning
  process.emitWarning = () => {}
  try {
    vm.compileFunction("return import('node:path')", [], optionsOf({}))()
  } finally {
    endSilence()
  }
}

/** Also to be called if a compilation was ended from outside, without its `finally`. */
function endSilence() {
  if (silenced === undefined) return
  process.emitWarning = silenced
  silenced = undefined
}

/** @type {WeakSet<Function>} */
const compiled = new WeakSet()

/** The function of a source. */
function compile(source) {
  let cause
  // A method's source is no expression; one of these forms makes it one.
  for (const [before, after] of [
    ['return (', ')'],
    ['return Object.values({', '})[0]'],
    ['return (function ', ')']
  ]) {
    try {
      const found = run(`${before}${source}${after}`, before)
      if (typeof found !== 'function') continue
      compiled.add(found)
      return found
    } catch (error) {
      cause ??= error
      if (error?.name === 'EvalError') throw noStrings(error)
    }
  }
  throw new PoolError(
    'ERR_INVALID_ARG_VALUE',
    'The function could not be compiled in the worker from its source; give it as an arrow function, a function or a method, or export it from a script',
    { cause }
  )
}

const noStrings = (cause) =>
  new PoolError(
    'ERR_INVALID_ARG_VALUE',
    `The function was not compiled, as this process does not turn strings into code (${wordsOf(cause)}); export it from a script`,
    { cause }
  )

/**
 * What is to be added to the message of an error that `task` threw, if it lacks what it was written beside; mostly
 * nothing.
 */
function hintFor(task, name, message) {
  if (name !== 'ReferenceError' || !compiled.has(task)) return ''
  const [, missing] = /^(\S+) is not defined$/.exec(message) ?? []
  if (missing === undefined || !Function.prototype.toString.call(task).includes(missing)) return ''
  return '; the function was sent as source, which takes nothing of where it was written along: give it what it needs as its input, or export it from a script'
}

module.exports = { compile, endSilence, hintFor }
