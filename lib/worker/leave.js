'use strict'

const { setTimeout } = require('node:timers')

/** Longest wait, in milliseconds, for what the script has printed to leave the thread. */
const FLUSH = 500

/** Ends the thread once its output is written: `process.exit` alone would lose what is still buffered. */
async function leave() {
  const exit = () => process.exit(0)
  const unwritten = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0)
  if (unwritten.length === 0) return exit()
  setTimeout(exit, FLUSH)
  const written = unwritten.map(
    (stream) =>
      new Promise((resolve) => {
        stream.write('', resolve)
      })
  )
  await Promise.all(written)
  exit()
}

module.exports = { leave }
