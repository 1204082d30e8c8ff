'use strict'

// Named pipes hold native threads.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { afterwards } = require('./cleanup.js')
const { temporaryDirectory } = require('./files.js')
const { until, untilSync } = require('./waiting.js')

const WRITE_IF_READ = fs.constants.O_WRONLY | fs.constants.O_NONBLOCK

/** A named pipe: the native task `hash` of its path runs until the pipe is released, after the test at the latest. */
function makePipe() {
  const file = path.join(temporaryDirectory(), 'pipe')
  execFileSync('mkfifo', [file])
  let writer
  const tryOpen = () => {
    try {
      writer = fs.openSync(file, WRITE_IF_READ)
    } catch (error) {
      if (error.code !== 'ENXIO') throw error // ENXIO: nobody reads it yet
      return false
    }
    // Its name has served: this way it is gone however this process ends.
    fs.rmSync(path.dirname(file), { recursive: true })
    return true
  }
  const release = (text = '') => {
    const isThere = writer !== undefined || (fs.existsSync(file) && tryOpen())
    if (!isThere) return
    try {
      if (text !== '') fs.writeSync(writer, text)
    } catch (error) {
      if (error.code !== 'EPIPE') throw error // EPIPE: its reader has been stopped
    }
    fs.closeSync(writer)
    writer = undefined
  }
  afterwards(() => release())
  return {
    file,
    /** Writes `text`, and lets the thread that reads come to the end; the first time that it is called. */
    release,
    /** Resolves once a native thread reads. */
    reached: () => until(tryOpen, 'a native thread at the pipe'),
    /** Blocks this thread until a native thread reads. */
    reachedSync: () => untilSync(tryOpen, 'a native thread at the pipe')
  }
}

module.exports = { makePipe }
