'use strict'

const { isDeepStrictEqual, types } = require('node:util')

/** What there is to compare: of errors, more than Node looks at in all its versions. */
const parts = (value) =>
  types.isNativeError(value) ? [value.name, value.message, value.stack, value.cause?.message] : value

/** Throws unless a contender has brought what the engine's own clone would be. */
function check(received, sent, label) {
  if (!isDeepStrictEqual(parts(received), parts(structuredClone(sent))))
    throw new Error(`what came of '${label}' is not what was sent`)
}

module.exports = { check }
