'use strict'

// What is to be undone after a test. A program in a process of its own is left as it is: how it ends with what it holds
// is what is looked at there.

const cleanups = []

/** Calls `undo` after the test, what came last first. */
const afterwards = typeof afterEach === 'function' ? (undo) => cleanups.push(undo) : () => {}

if (typeof afterEach === 'function')
  afterEach(async () => {
    for (const undo of cleanups.splice(0).reverse()) await undo()
  })

module.exports = { afterwards }
