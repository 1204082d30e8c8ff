'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { numberOf } = require('../addon.js')
const { PoolError, wordsOf } = require('../errors.js')
const { instead } = require('../nearest.js')
const { PREFIX } = require('../wire/reference.js')

// Where a worker's functions come from: the exports of a script. Those of source are in inline.js.

/** Most scripts are CommonJS, at a path: they do without. */
const url = () => require('node:url')

const MODULE_AFTER_ALL = new Set(['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'])

/** The exports of a script, which is an absolute path or a URL. */
async function loadExports(script) {
  try {
    const file = script.startsWith('file:') ? url().fileURLToPath(script) : script
    // The loader of ES modules takes some milliseconds to start; CommonJS can do without.
    if (path.isAbsolute(file) && isCommonJS(file)) {
      try {
        return { default: require(file) }
      } catch (error) {
        // Newer versions of Node have looked closer, and evaluated nothing.
        if (!MODULE_AFTER_ALL.has(error?.code)) throw error
      }
    }
    return await import(path.isAbsolute(script) ? url().pathToFileURL(script).href : script)
  } catch (cause) {
    const message = `The script ${script} could not be loaded: ${wordsOf(cause)}`
    throw new PoolError('ERR_SCRIPT_LOAD', message, { cause })
  }
}

/** Whether Node takes a file for CommonJS: by its ending, or by the package it belongs to. */
function isCommonJS(file) {
  if (file.endsWith('.cjs')) return true
  if (!file.endsWith('.js')) return false
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const manifest = manifestIn(folder)
    if (manifest !== undefined) {
      const type = ownOf(manifest, 'type')
      return type === 'commonjs' || (type === undefined && looksCommonJS(file))
    }
    if (folder === path.dirname(folder) || path.basename(folder) === 'node_modules')
      return looksCommonJS(file)
  }
}

/** The package.json of a folder; undefined if there is none, or a broken one, which `import` will tell of. */
function manifestIn(folder) {
  const file = path.join(folder, 'package.json')
  try {
    if (!fs.existsSync(file)) return undefined // cheaper than an error
    return JSON.parse(fs.readFileSync(file, 'utf8')) ?? undefined
  } catch {
    return undefined
  }
}

/** In doubt no, which costs a few milliseconds: `import` takes either kind. */
function looksCommonJS(file) {
  try {
    return !/^\s*(?:import|export)\b/m.test(fs.readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}

/** What a script exports for each worker to run, which is none of its tasks. */
const HOOKS = new Set(['setup', 'teardown'])

/** An own property, which may be a getter and is read once; undefined of what has none. */
const ownOf = (object, name) =>
  object !== null && object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined

/** What a script exports for the life of its worker, under either kind of module. */
function findHook(module, name) {
  for (const candidate of [module, module.default]) {
    const found = ownOf(candidate, name)
    if (typeof found === 'function') return found
  }
  return undefined
}

/** An export; of a CommonJS module also what Node could not see ahead of running it. */
function findExport(script, module, name) {
  if (HOOKS.has(name)) {
    const message = `The '${name}' of the script ${script} is no task: each worker runs it by itself; export what is to be run as a task under another name, too`
    throw new PoolError('ERR_TASK_NOT_FOUND', message)
  }
  const candidates = [module, module.default, module.default?.default]
  for (const [index, candidate] of candidates.entries()) {
    if (name === 'default' && index > 0 && typeof candidate === 'function') return candidate
    const found = ownOf(candidate, name)
    if (typeof found === 'function') return found
  }
  const names = Object.keys({ ...module.default, ...module }).filter(
    (each) => !HOOKS.has(each) && typeof (module[each] ?? module.default?.[each]) === 'function'
  )
  const has =
    names.length === 0
      ? 'it exports no functions'
      : instead(name, names, `its functions are ${names.join(', ')}`)
  const hint = numberOf(name) === undefined ? '' : `; the native task of that name is '${PREFIX}${name}'`
  throw new PoolError(
    'ERR_TASK_NOT_FOUND',
    `The script ${script} exports no function '${name}'; ${has}${hint}`
  )
}

module.exports = { findExport, findHook, loadExports }
