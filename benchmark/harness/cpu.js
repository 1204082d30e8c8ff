'use strict'

const fs = require('node:fs')

// The main thread's tasks are `/proc/<pid>/task/<pid>`; the first number is nanoseconds on a processor.
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`

const fromNode = () => {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** A thread's own account is brought up to date when it leaves the processor: so it does, for a moment. */
function leaveProcessor() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.01)
}

const readKernel = () => Number(fs.readFileSync(SCHEDSTAT, 'utf8').split(' ')[0]) / 1000

function fromKernel() {
  leaveProcessor()
  return readKernel()
}

function choose() {
  if (typeof process.threadCpuUsage === 'function') return fromNode
  try {
    return fromKernel() > 0 ? fromKernel : undefined
  } catch {
    return undefined
  }
}

/** The processor time that the main thread has used, in microseconds; `undefined` if nobody can tell. */
module.exports = { mainThreadTime: choose() }
