'use strict'

// What pools and signals say, and who listens.

const { getEventListeners } = require('node:events')
const { within } = require('./waiting.js')

/** What `pool` says of its workers, as it comes. */
function hear(pool) {
  const heard = { started: [], exited: [], errors: [] }
  pool.on('workerStart', (news) => heard.started.push(news))
  pool.on('workerExit', (news) => heard.exited.push(news))
  pool.on('error', (error) => heard.errors.push(error))
  return heard
}

/** What `pool` says by its next `event`. (`events.once` would reject if an 'error' comes first.) */
const next = (pool, event) =>
  within(new Promise((resolve) => pool.once(event, resolve)), `the event '${event}'`)

/** How many listen to the abort of `signal`. */
const listeners = (signal) => getEventListeners(signal, 'abort').length

/** What this process says by `event`, as it comes, until `stop` is called. */
function listen(event) {
  const heard = []
  const note = (news) => heard.push(news)
  process.on(event, note)
  return { heard, stop: () => process.off(event, note) }
}

module.exports = { hear, listen, listeners, next }
