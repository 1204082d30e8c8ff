'use strict'

const { types } = require('node:util')

/**
 * To be a rejection handler of the promise that `execute` returns: it runs inside the chain of whoever
 * awaits that promise, so V8 can tell who that is. Nothing is paid for a task that resolves.
 */
function addSubmitSite(error) {
  if (types.isNativeError(error) && typeof error.stack === 'string') {
    const site = {}
    Error.captureStackTrace(site, addSubmitSite)
    const frames = site.stack.split('\n').slice(1)
    if (frames.length > 0) {
      const stack = `${error.stack}\n    at execute (in the thread that submitted the task)\n${frames.join('\n')}`
      Object.defineProperty(error, 'stack', {
        value: stack,
        writable: true,
        enumerable: false,
        configurable: true
      })
    }
  }
  throw error
}

module.exports = { addSubmitSite }
