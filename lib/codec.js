const { decode } = require('./decode.js')
const { encode, encoded } = require('./encode.js')

/** Ordinary values as words and text, and back; the format is described in wire.js. */
module.exports = { encode, encoded, decode }
