'use strict'

const { setTimeout } = require('node:timers')

/** Held from the start: a script may replace them. */
const OwnPromise = Promise
const { exit } = process

/** Longest wait, in milliseconds, for what the script has printed to leave the thread. */
const FLUSH = 500

/** Ends the thread at once. */
const leaveNow = (code) => exit.call(process, code)

/** Ends the thread once its output is written: `process.exit` alone would lose what is still buffered. */
async function leave() {
  setTimeout(leaveNow, FLUSH, 0)
  await written()
  leaveNow(0)
}

/** Resolves when what has been printed so far has left the thread. */
async function written() {
  const unwritten = [process.stdout, process.stderr].filter((stream) => stream?.writableLength > 0)
  await OwnPromise.all(unwritten.map(flushed))
}

/** Streams may have been replaced, and throw. */
function flushed(stream) {
  return new OwnPromise((resolve) => {
    try {
      stream.write('', resolve)
    } catch {
      resolve(undefined)
    }
  })
}

module.exports = { leave, leaveNow, written }
