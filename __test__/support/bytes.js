'use strict'

const { createHash } = require('node:crypto')
const { makeRandom } = require('./numbers.js')

const sha256 = (data) => createHash('sha256').update(data).digest('hex')

/** Bytes that tell where they are from. */
const pattern = (length) => Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8))

/** Bytes without any regularity that a compressor could use, the same in every run. */
function noise(length) {
  const random = makeRandom(2_463_534_242)
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = random() * 256
  return bytes
}

/** Takes seconds in a native task; nobody touches its pages, so that it takes next to no memory. */
const makeLarge = () => new Uint8Array(1 << 29)

module.exports = { makeLarge, noise, pattern, sha256 }
