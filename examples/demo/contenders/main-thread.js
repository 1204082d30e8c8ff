'use strict'

const { setImmediate: turn } = require('node:timers/promises')
const job = require('../job.js')

// One job after the other, with a turn of the event loop between them: as kind as a single thread can be.
module.exports = {
  title: 'main thread',
  inFlight: 1,
  open: () => ({
    async run(task, file) {
      await turn()
      return job[task](file)
    },
    async close() {}
  })
}
