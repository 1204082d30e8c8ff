'use strict'

// Native tasks by reference: functions that `execute` takes for the native task whose name they carry. One symbol for
// every copy of this module: a task may be imported through one and handed to the pool of another.
const NATIVE = Symbol.for('threadmill.native')

/** Ahead of the name of a native task, it makes what the task is called where only text fits. */
const PREFIX = 'native:'

/** The name of the native task that a function stands for, or undefined. */
function nameOfReference(task) {
  const name = task[NATIVE]
  return typeof name === 'string' ? name : undefined
}

module.exports = { NATIVE, PREFIX, nameOfReference }
