'use strict'

const path = require('node:path')
const { BUNDLES } = require('./place.js')
const { hide } = require('./property.js')

// Stacks, as those read them who did not write this package. How stacks look is the program's business, too: it may
// have replaced Error.prepareStackTrace, taken Error.stackTraceLimit away or frozen it, and frozen the error. So nothing
// here throws, and a stack that is no text is left as it is.

const OWN_FILES = ['threadmill.js', 'worker.js'].map((file) => path.join(BUNDLES, file))
const POSITION = /:\d+:\d+\)?$/
/** What Node and the language call on the way to a function of ours. */
const BUILT_IN = /\(<anonymous>\)$|[( ]node:[^)]*\)?$/

/** Whether a line is a frame of this package; its end tells, as code of users may have been compiled in here. */
function isOwnFrame(line) {
  const place = line.replace(POSITION, '')
  return place !== line && OWN_FILES.some((file) => place.endsWith(file))
}

/**
 * The text of a stack without what this package did: below, from where it called what is above. Of an error of the
 * package itself (`isOurs`) nothing of that is left, of others what threw is, though it be the package.
 */
function withoutOwnFrames(stack, isOurs) {
  if (!stack.includes(BUNDLES)) return stack
  const lines = stack.split('\n')
  let first = lines.length
  while (first > 1 && lines[first - 1].startsWith('    at ')) first--
  let end = lines.length
  for (let at = end - 1; at >= first; at--) {
    if (isOwnFrame(lines[at])) end = at
    else if (!BUILT_IN.test(lines[at])) break
  }
  if (isOurs)
    return lines
      .slice(0, end)
      .filter((line, at) => at < first || !isOwnFrame(line))
      .join('\n')
  return end === first ? stack : lines.slice(0, end).join('\n')
}

/** The frames from the caller of `below` on as text; empty if there are none, or the program wants them otherwise. */
function framesAbove(below) {
  const site = { stack: undefined }
  try {
    Error.captureStackTrace(site, below)
    const { stack } = /** @type {any} */ (site)
    if (typeof stack !== 'string') return ''
    return stack
      .split('\n')
      .slice(1)
      .filter((line) => !line.startsWith('    at process.processTicksAndRejections'))
      .join('\n')
  } catch {
    return ''
  }
}

/** Replaces the stack of an error, if it is a text, by what `change` makes of it. */
function changeStack(error, change) {
  try {
    const { stack } = error
    if (typeof stack !== 'string') return
    hide(error, 'stack', change(stack))
  } catch {
    /* it is frozen, or what formats it throws */
  }
}

/** Gives an error a stack that begins where `below`, a function of ours, was called. */
function restack(error, below) {
  try {
    Error.captureStackTrace(error, below)
  } catch {
    /* it keeps the one it has */
  }
}

/** What `act` answers while `Error[name]` is `value`, or what it is if that cannot be changed. */
function withSetting(name, value, act) {
  const before = Reflect.getOwnPropertyDescriptor(Error, name)
  const isSet = Reflect.set(Error, name, value)
  try {
    return act()
  } finally {
    if (isSet) {
      if (before === undefined) Reflect.deleteProperty(Error, name)
      else Reflect.defineProperty(Error, name, Object.setPrototypeOf(before, null)) // see property.js
    }
  }
}

/** Makes an error that is given the stack of another: with a limit, be it 0, one would be formatted first. */
const withoutStack = (make) => withSetting('stackTraceLimit', undefined, make)

/** The files of the frames from here on, as they are called there; as many as can be told. */
function callingFiles() {
  try {
    const frames = withSetting('stackTraceLimit', 32, () =>
      withSetting(
        'prepareStackTrace',
        (_, sites) => sites.map((site) => site.getFileName()),
        () => /** @type {any} */ (new Error().stack)
      )
    )
    return typeof frames === 'string' ? frames.split('\n').map(fileOf) : frames
  } catch {
    return []
  }
}

/** The file of a line of a stack. */
function fileOf(line) {
  const place = line.replace(POSITION, '')
  return place === line ? undefined : place.replace(/^.*?(?:\((?=[^()]*$)|\bat (?:async )?)/, '')
}

module.exports = { callingFiles, changeStack, framesAbove, restack, withoutOwnFrames, withoutStack }
