'use strict'

/** What users import: index.js hands out all but `native`, native.js that. */
module.exports = {
  ...require('./pool.js'),
  PoolError: require('./errors.js').PoolError,
  move: require('./wire/move.js').move,
  native: {
    ...require('./faces/hash.js'),
    ...require('./faces/compress.js'),
    ...require('./faces/noop.js')
  }
}
