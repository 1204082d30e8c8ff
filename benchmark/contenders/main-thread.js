'use strict'

const tasks = require('../tasks.js')()

// No thread at all: what an async call of the same function costs where it stands. Nothing is copied.
module.exports = {
  id: 'main-thread',
  title: 'main thread, no pool',
  peer: false,
  create() {
    return { run: async (task, input) => tasks[task](input), async destroy() {} }
  }
}
