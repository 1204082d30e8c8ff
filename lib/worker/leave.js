'use strict'

const { setTimeout } = require('node:timers')

/** Longest wait, in milliseconds, for what the script has printed to leave the thread. */
const FLUSH = 500

/** Ends the thread once its output is written: `process.exit` alone would lose what is still buffered. */
async function leave() {
  const exit = () => process.exit(0)
  setTimeout(exit, FLUSH)
  await written()
  exit()
}

/** Resolves when what has been printed so far has left the thread. */
async function written() {
  const unwritten = [process.stdout, process.stderr].filter((stream) => stream?.writableLength > 0)
  await Promise.all(unwritten.map(flushed))
}

/** Streams may have been replaced, and throw. */
function flushed(stream) {
  return new Promise((resolve) => {
    try {
      stream.write('', resolve)
    } catch {
      resolve(undefined)
    }
  })
}

module.exports = { leave, written }
