'use strict'

const { createHash } = require('node:crypto')
const { isDeepStrictEqual } = require('node:util')
const { gunzipSync } = require('node:zlib')

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/**
 * What the results disagree in, as a sentence, or undefined. Two implementations of zlib may compress the
 * same content to different bytes, so compressed results are compared by what they decompress to.
 *
 * @param races what `race` gave for each contender, the first of which is the reference
 */
function disagreement(races, tasks) {
  const [reference] = races
  const hashes = new Map()
  for (const [index, { task, file }] of tasks.entries())
    if (task === 'hash') hashes.set(file, reference.results[index])

  for (const { title, results } of races) {
    for (const [index, { task, file }] of tasks.entries()) {
      const result = results[index]
      if (task === 'compress') {
        if (contentHash(result) !== hashes.get(file))
          return `Wrong result (${title}): what 'compress' made of ${file} does not decompress to the file's content.`
      } else if (!isDeepStrictEqual(result, reference.results[index]))
        return `Different results of '${task}' for ${file}: ${show(reference.results[index])} (${reference.title}), ${show(result)} (${title}).`
    }
  }
  return undefined
}

function contentHash(compressed) {
  try {
    return sha256(gunzipSync(compressed))
  } catch (error) {
    return `not gzip: ${error.message}`
  }
}

const show = (value) => JSON.stringify(value)

module.exports = { disagreement }
