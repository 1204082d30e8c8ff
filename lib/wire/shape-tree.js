'use strict'

// Shapes by their names, one name after the other. Names of properties are the engine's own strings, so that each step
// compares two addresses, or looks one up whose hash is known: a fraction of what it costs to make one text of them all.

/** Characters of all definitions in it; then it begins anew. */
const MOST_CHARACTERS = 1 << 16

/** @typedef {import('./shapes.js').Shape} Shape */

class Node {
  /** The shape whose names end here. @type {Shape | undefined} */
  shape = undefined
  /** The name that came first here, and what is behind it: mostly there is no other. @type {string | undefined} */
  name = undefined
  /** @type {Node | undefined} */
  next = undefined
  /** The others. @type {Map<string, Node> | undefined} */
  others = undefined
}

class ShapeTree {
  #root = new Node()
  #characters = 0

  /** The shape of these names in this order, if it has been added. @returns {Shape | undefined} */
  find(keys) {
    let node = this.#root
    for (let i = 0; i < keys.length; i++) {
      const next = keys[i] === node.name ? node.next : node.others?.get(keys[i])
      if (next === undefined) return undefined
      node = next
    }
    return node.shape
  }

  /** @param {Shape} shape */
  add(shape) {
    this.#characters += shape.definition.length
    if (this.#characters > MOST_CHARACTERS) {
      this.clear()
      this.#characters = shape.definition.length
    }
    let node = this.#root
    for (const key of shape.keys) node = stepOf(node, key)
    node.shape = shape
  }

  clear() {
    this.#root = new Node()
    this.#characters = 0
  }
}

/** What is behind a name; made if it is not there. */
function stepOf(node, key) {
  if (node.name === undefined) {
    node.name = key
    node.next = new Node()
  }
  if (node.name === key) return node.next
  node.others ??= new Map()
  let next = node.others.get(key)
  if (next === undefined) node.others.set(key, (next = new Node()))
  return next
}

module.exports = { ShapeTree }
