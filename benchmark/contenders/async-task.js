'use strict'

const { load } = require('../async-task/build.js')

let addon

// No pool of its own: napi's AsyncTask runs on libuv's threads, four unless UV_THREADPOOL_SIZE says otherwise.
module.exports = {
  id: 'async-task',
  title: 'napi AsyncTask',
  peer: false,
  load() {
    addon ??= load()
  },
  create() {
    return { run: () => addon.noop(), async destroy() {} }
  }
}
