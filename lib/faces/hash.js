'use strict'

const { nativeTask } = require('./task.js')

/** Digests and checksums. See native.d.ts. */
module.exports = { hash: nativeTask('hash'), hmac: nativeTask('hmac') }
