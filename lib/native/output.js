'use strict'

const { define } = require('../property.js')
const { VIEWS } = require('../wire/format.js')

// What a native task resolves to that is neither one text nor one piece of memory: a tree of tagged arrays, as
// src/catalogue/output.rs describes it.

const VIEWS_BY_NAME = new Map(VIEWS.map((View) => [View.name, View]))

/**
 * @param {string} template the tree as JSON
 * @param {ArrayBuffer[]} memories those that it mentions, in order
 * @param {any[]} returns what stands for an attachment that is given back
 */
function outputOf(template, memories, returns) {
  let taken = 0
  const build = ([tag, first]) => {
    switch (tag) {
      case 'v':
        return first
      case 'b':
        return viewOf(first, memories[taken++])
      case 'a':
        return returns[first]
      case 'l':
        return first.map(build)
      default: {
        const record = {}
        for (const [name, node] of first) define(record, name, build(node))
        return record
      }
    }
  }
  return build(JSON.parse(template))
}

function viewOf(kind, memory) {
  if (kind === 'ArrayBuffer') return memory
  if (kind === 'Buffer') return Buffer.from(memory)
  const View = /** @type {any} */ (VIEWS_BY_NAME.get(kind))
  return new View(memory)
}

module.exports = { outputOf }
