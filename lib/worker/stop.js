'use strict'

const { executionAsyncId } = require('node:async_hooks')
const { forgetValue } = require('../wire/encode.js')
const { CALLED } = require('../wire/layout.js')
const { CUT_OFF } = require('../wire/port.js')
const { endSilence } = require('./inline.js')
const { leaveNow } = require('./leave.js')

// Calls that end when their task is told to stop, from whatever thread, and what has to be put right after one did:
// nobody's `finally` has run, Node's own neither.

/** What is thrown in the place of code that was cut off; no script gets hold of it. */
const STOP = Symbol('stopped')
/** The same for code that did not begin, as the task had been told to stop already. */
const UNBEGUN = Symbol('not begun')

/** The call: what is called, and how that ended. */
let code
let first
let second
let threw = false
let outcome

/** Called from native code, which a termination unwinds to. */
function callNow() {
  try {
    outcome = code(first, second)
    threw = false
  } catch (thrown) {
    outcome = thrown
    threw = true
  }
}

/**
 * Makes `call(run, code, first, second)`, which answers and throws what `code(first, second)` does, STOP or UNBEGUN.
 * @param {(run: number, callback: () => void) => number} run the addon's
 */
function makeStoppable(run) {
  return function call(number, callback, one, two) {
    code = callback
    first = one
    second = two
    const context = executionAsyncId()
    const answer = run(number, callNow)
    const result = outcome
    code = first = second = outcome = undefined
    if (answer === CALLED.TERMINATED) {
      // Cut off inside of runInAsyncScope (AsyncLocalStorage.run, on older versions of Node): when this thread returns
      // to its event loop, Node finds its books wrong and ends the process. So the thread ends first.
      if (executionAsyncId() !== context) leaveNow(CUT_OFF)
      forgetValue() // if it is the encoder that was stopped
      endSilence() // or the compiler
      forgetHalfModules()
      throw STOP
    }
    if (answer === CALLED.NOT_BEGUN) throw UNBEGUN
    if (threw) throw result
    return result
  }
}

/** Modules that were being loaded: the next who requires them is not to get halves. */
function forgetHalfModules() {
  for (const [file, module] of Object.entries(require.cache))
    if (module?.loaded === false) delete require.cache[file]
}

module.exports = { STOP, UNBEGUN, makeStoppable }
