'use strict'

const { AsyncResource } = require('node:async_hooks')

/** An asynchronous context to call back in. It keeps no process alive, and says so to tools that ask resources for that. */
class Scope extends AsyncResource {
  hasRef() {
    return false
  }
}

module.exports = { Scope }
