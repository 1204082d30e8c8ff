'use strict'

const { decode } = require('./decode.js')
const { encode, encoded, forgetValue } = require('./encode.js')
const { CALL, ARGUMENT } = require('./wire.js')

/** Ordinary values as words and text, and back; the format is described in wire.js. */
module.exports = { CALL, ARGUMENT, encode, encoded, forgetValue, decode }
