'use strict'

const { types } = require('node:util')
const workerThreads = require('node:worker_threads')
const { invalidType, invalidValue, show } = require('../errors.js')

/** Whether an ArrayBuffer has been detached; Node 20 has no `detached`. */
function isDetached(buffer) {
  if (buffer.byteLength > 0 || types.isSharedArrayBuffer(buffer)) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

/** Whether an ArrayBuffer must not be detached. Node 20 does not tell, so there it is the Buffer pool in use. */
function isUntransferable(buffer) {
  const asks = /** @type {any} */ (workerThreads).isMarkedAsUntransferable
  if (asks !== undefined) return asks(buffer)
  return buffer.byteLength === Buffer.poolSize && Buffer.allocUnsafe(1).buffer === buffer
}

const SHARED_MEMORY =
  "cannot be transferred, as other buffers share its memory or it is marked so; leave it out of 'transfer', or copy the bytes into a buffer of their own"

/** Checks each item of the option `transfer` before any is detached: a task that is refused loses nothing. */
function checkTransferList(list) {
  const before = new Set()
  for (const [index, item] of list.entries()) {
    const name = `The option 'transfer[${index}]'`
    if (typeof item !== 'object' || item === null)
      throw invalidType(
        `${name} must be a transferable object, such as an ArrayBuffer; received ${show(item)}`
      )
    if (ArrayBuffer.isView(item))
      throw invalidType(
        `${name} must be a transferable object; received a view, so name its 'buffer' instead`
      )
    if (before.has(item)) throw invalidValue(`${name} is in the list twice; name each object once`)
    before.add(item)
    if (!types.isArrayBuffer(item)) continue
    if (isDetached(item)) throw invalidValue(`${name} is detached already; transfer each buffer once`)
    if (isUntransferable(item)) throw invalidValue(`${name} ${SHARED_MEMORY}`)
  }
}

/** Checks that all ArrayBuffers are gone: Node 20 copies what it must not transfer, and says nothing. */
function checkTransferred(list) {
  for (const [index, item] of list.entries()) {
    if (types.isArrayBuffer(item) && item.byteLength > 0)
      throw invalidValue(`The option 'transfer[${index}]' ${SHARED_MEMORY}`)
  }
}

module.exports = { isDetached, checkTransferList, checkTransferred }
