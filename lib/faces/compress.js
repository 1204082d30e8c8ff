'use strict'

const { nativeTask } = require('./task.js')

/** Compression. See native.d.ts. */
module.exports = { compress: nativeTask('compress'), decompress: nativeTask('decompress') }
