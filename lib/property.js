'use strict'

// Descriptors of properties with a value. Without a prototype: what somebody has written to Object.prototype, a `get`
// say, would be read as a part of them.

/** @returns {PropertyDescriptor} */
const plain = (value) =>
  /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: true, configurable: true })

/** @returns {PropertyDescriptor} */
const hidden = (value) =>
  /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: false, configurable: true })

/** Gives an object a property as an assignment would, whatever its prototypes have of that name: a setter, say. */
const define = (object, key, value) => void Object.defineProperty(object, key, plain(value))

/** The same for one that does not show when its object is listed. */
const hide = (object, key, value) => void Object.defineProperty(object, key, hidden(value))

module.exports = { define, hide }
