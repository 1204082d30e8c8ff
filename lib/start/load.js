'use strict'

const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

// A bundle with its code cache: what V8 had made of it when scripts/code-cache.js ran it. Most of what it takes to load
// this package is to parse it, and each worker does so again; with the cache there is next to nothing to parse.
//
// The cache is good for one runtime, one place and one bundle, which its first bytes name. V8 looks at the length of a
// source only, and some versions take the file's name from the cache. V8 itself does without where its flags are others.

/** What is compiled: the bundle as Node wraps modules. */
const wrapped = (source) => `(function (exports, require, module, __filename, __dirname) { ${source}\n})`

/**
 * What a cache begins with that is good here for the bundle in `file`, in ASCII; the bundle's first line says which it is.
 * V8 would copy what comes after it if that were not aligned.
 */
function keyOf(file, source) {
  const first = source.slice(0, source.indexOf('\n'))
  const key = encodeURI([...Object.values(process.versions), process.arch, file, first].join())
  return key.padEnd(Math.ceil(key.length / 8) * 8)
}

/** The name of the cache of the bundle `name`. */
const cacheOf = (name) => `${name.slice(0, -'.js'.length)}.cache`

/** Older versions of Node have no other loader for what inline functions import than that of the file that runs them. */
const HAS_LOADER = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER !== undefined

/**
 * The function that a bundle is, compiled with its cache; undefined if that is not to be had.
 * @param {string} name the bundle's
 */
function compiled(name) {
  if (!HAS_LOADER) return undefined
  const file = path.join(__dirname, name)
  try {
    const cache = fs.readFileSync(path.join(__dirname, cacheOf(name)))
    const source = fs.readFileSync(file, 'latin1') // what is beyond ASCII is escaped
    const key = keyOf(file, source)
    if (cache.toString('latin1', 0, key.length) !== key) return undefined
    const cachedData = cache.subarray(key.length)
    const options = { __proto__: null, filename: file, cachedData }
    const script = new vm.Script(wrapped(source), options)
    const run = script.runInThisContext()
    // Test runners have realms of their own, which this is not compiled for.
    return Object.getPrototypeOf(run) === Function.prototype ? run : undefined
  } catch {
    return undefined // there is no cache
  }
}

/**
 * Runs a bundle; answers what it exports.
 * @param {string} name
 * @param {NodeJS.Require} require that of a file beside the bundle
 */
function load(name, require) {
  const run = compiled(name)
  if (run === undefined) return require(`./${name}`)
  const module = { exports: {} }
  run.call(module.exports, module.exports, require, module, path.join(__dirname, name), __dirname)
  return module.exports
}

module.exports = { cacheOf, keyOf, load, wrapped }
