'use strict'

/**
 * A promise and what settles it; Node 20 has no `Promise.withResolvers`.
 * @returns {{ promise: Promise<any>, resolve: (value?: any) => void, reject: (error: any) => void }}
 */
function deferred() {
  /** @type {any} */
  const parts = {}
  parts.promise = new Promise((resolve, reject) => {
    parts.resolve = resolve
    parts.reject = reject
  })
  return parts
}

module.exports = { deferred }
