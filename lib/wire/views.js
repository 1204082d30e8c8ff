'use strict'

const { types } = require('node:util')

// What the engine knows of buffers and views, whatever anybody has put onto them or onto their prototypes since. No code
// of the user's runs in here.

/** The getter `name` of `prototype` as a function of the object; of one that has no such getter, undefined. */
function getterOf(prototype, name) {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get
  return get === undefined ? () => undefined : Function.prototype.call.bind(get)
}

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype)
const ofTypedArray = {
  buffer: getterOf(TYPED_ARRAY, 'buffer'),
  byteOffset: getterOf(TYPED_ARRAY, 'byteOffset'),
  byteLength: getterOf(TYPED_ARRAY, 'byteLength'),
  length: getterOf(TYPED_ARRAY, 'length'),
  name: getterOf(TYPED_ARRAY, Symbol.toStringTag)
}
const ofDataView = {
  buffer: getterOf(DataView.prototype, 'buffer'),
  byteOffset: getterOf(DataView.prototype, 'byteOffset'),
  byteLength: getterOf(DataView.prototype, 'byteLength'),
  length: getterOf(DataView.prototype, 'byteLength'),
  name: () => 'DataView'
}
const lengthOfBuffer = getterOf(ArrayBuffer.prototype, 'byteLength')
const lengthOfShared = getterOf(SharedArrayBuffer.prototype, 'byteLength')
const resizable = getterOf(ArrayBuffer.prototype, 'resizable')
const growable = getterOf(SharedArrayBuffer.prototype, 'growable')

const gettersOf = (view) => (types.isDataView(view) ? ofDataView : ofTypedArray)

/** The ArrayBuffer or SharedArrayBuffer of a view. */
const bufferOf = (view) => gettersOf(view).buffer(view)

/** Where in its buffer a view begins. Throws if it is a DataView of bytes that are no longer there. */
const offsetOf = (view) => gettersOf(view).byteOffset(view)

/** Bytes of a view. Throws if it is a DataView of bytes that are no longer there. */
const lengthOf = (view) => gettersOf(view).byteLength(view)

/** Elements of a view, which are bytes of a DataView. */
const elementsOf = (view) => gettersOf(view).length(view)

/** Bytes of a buffer, shared or not; 0 if it is detached. */
const sizeOf = (buffer) =>
  types.isSharedArrayBuffer(buffer) ? lengthOfShared(buffer) : lengthOfBuffer(buffer)

/** Whether an ArrayBuffer may become smaller. */
const isResizable = (buffer) => resizable(buffer) === true

/** Whether a buffer, shared or not, may change its size. */
const isVariable = (buffer) =>
  types.isSharedArrayBuffer(buffer) ? growable(buffer) === true : isResizable(buffer)

/** Whether an ArrayBuffer has been detached; Node 20 has no `detached`. */
function isDetached(buffer) {
  if (types.isSharedArrayBuffer(buffer) || lengthOfBuffer(buffer) > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

/** The name of a view's kind: `'Uint8Array'` also of a Buffer. */
const kindOf = (view) => gettersOf(view).name(view)

module.exports = {
  bufferOf,
  elementsOf,
  getterOf,
  isDetached,
  isResizable,
  isVariable,
  kindOf,
  lengthOf,
  offsetOf,
  sizeOf
}
