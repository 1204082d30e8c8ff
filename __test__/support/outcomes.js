'use strict'

// How calls and promises end, for those who want to look at it.

const { within } = require('./waiting.js')

/** What `promise` rejects with. */
function rejection(promise, what = 'a rejection', milliseconds = undefined) {
  return within(
    promise.then(
      (value) => {
        throw new Error(`expected ${what}, but it resolved to ${String(value)}`)
      },
      (error) => error
    ),
    what,
    milliseconds
  )
}

/** What `action` throws. */
function thrownBy(action) {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('expected it to throw, but it returned')
}

/** How `promise` settles: `{ value }`, or `{ error, code }`, where an error without a code is its own. */
const outcomeOf = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error, code: error?.code ?? error })
  )

module.exports = { outcomeOf, rejection, thrownBy }
