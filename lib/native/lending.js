'use strict'

const { types } = require('node:util')
const { isMainThread } = require('node:worker_threads')
const { NativePool } = require('../addon.js')
const { ATTACH } = require('../wire/layout.js')
const { isUntransferable } = require('../wire/transfer.js')
const { isResizable } = require('../wire/views.js')

// How a native thread gets at bytes: see src/binding/attachments.rs for what each mode means, and
// src/binding/backing_store.rs for when memory can be borrowed.

/** Up to this size copying costs less than what it saves. */
const LARGEST_COPY = 32 * 1024

const { transfer } = /** @type {any} */ (ArrayBuffer.prototype)

const grow = transfer === undefined ? undefined : (buffer) => transfer.call(buffer, 2 * buffer.byteLength)

/** @type {boolean | undefined} */
let isKept

/** Whether memory that its owner detaches while it is borrowed stays where it is. Tried when that is first asked. */
function canBorrow() {
  isKept ??= /** @type {boolean} */ (NativePool.canBorrow(grow))
  return isKept
}

/** @type {WeakMap<ArrayBuffer, boolean>} */
const foreign = new WeakMap()

/**
 * Whether memory may be an addon's: that goes back to the addon when the thread ends, whoever reads it. Such buffers
 * cannot be transferred; neither can a few others, which it does no harm to copy.
 */
function mayBeForeign(buffer) {
  let answer = foreign.get(buffer)
  if (answer === undefined) {
    answer = isUntransferable(buffer)
    foreign.set(buffer, /** @type {boolean} */ (answer))
  }
  return answer
}

/** How `length` bytes of `buffer` get to a native thread; `isOurs` if the user's code does not reach it. */
function modeOf(buffer, length, isOurs) {
  if (types.isSharedArrayBuffer(buffer)) return ATTACH.SHARE
  if (length <= LARGEST_COPY) return ATTACH.COPY
  if (isOurs) return ATTACH.PIN
  if (!canBorrow() || isResizable(buffer)) return ATTACH.COPY
  // A process that ends takes its threads along; another thread may end alone.
  return isMainThread || !mayBeForeign(buffer) ? ATTACH.BORROW : ATTACH.COPY
}

module.exports = { modeOf }
