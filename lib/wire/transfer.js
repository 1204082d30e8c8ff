'use strict'

const { types } = require('node:util')
const workerThreads = require('node:worker_threads')
const { invalidType, invalidValue, show } = require('../errors.js')
const { isDetached, sizeOf } = require('./views.js')

/** @type {((buffer: ArrayBuffer) => boolean) | undefined} Node 20 has it not. */
const isMarked = /** @type {any} */ (workerThreads).isMarkedAsUntransferable

/**
 * Whether an ArrayBuffer must not be detached. Nothing is detached to find out. A runtime that does not tell leaves such
 * a buffer out of a transfer, before it looks whether one is listed twice, which it refuses of others.
 */
function isUntransferable(buffer) {
  if (isMarked !== undefined) return isMarked(buffer)
  try {
    structuredClone(undefined, { transfer: [buffer, buffer] })
    return true
  } catch {
    return false
  }
}

/** The same, at a glance: where the runtime does not tell, it knows only the memory that Node makes small Buffers of now. */
function isSurelyUntransferable(buffer) {
  if (isMarked !== undefined) return isMarked(buffer)
  return sizeOf(buffer) === Buffer.poolSize && Buffer.allocUnsafe(1).buffer === buffer
}

const SHARED_MEMORY =
  "cannot be transferred, as other buffers share its memory or it is marked so; leave it out of 'transfer', or copy the bytes into a buffer of their own"

/** Checks each item of the option `transfer` before any is detached: a task that is refused loses nothing. */
function checkTransferList(list) {
  const before = new Set()
  // Of one item, nothing is lost if it turns out when it is sent. Of several, the others would be gone by then.
  const isRefused = list.length > 1 ? isUntransferable : isSurelyUntransferable
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
    if (isRefused(item)) throw invalidValue(`${name} ${SHARED_MEMORY}`)
  }
}

/** Errors of `checkTransferred`: code of the user's, which runs while an input is sent, may throw any other. */
const refusals = new WeakSet()

/** Checks that all ArrayBuffers are gone: Node 20 copies what it must not transfer, and says nothing. */
function checkTransferred(list) {
  for (const [index, item] of list.entries()) {
    if (!types.isArrayBuffer(item) || sizeOf(item) === 0) continue
    const refusal = invalidValue(`The option 'transfer[${index}]' ${SHARED_MEMORY}`)
    refusals.add(refusal)
    throw refusal
  }
}

/** Whether `checkTransferred` has made this error. */
const isRefusal = (error) => refusals.has(error)

module.exports = { checkTransferList, checkTransferred, isRefusal, isUntransferable }
