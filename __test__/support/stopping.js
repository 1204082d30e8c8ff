'use strict'

// The view that the tasks of fixtures/stopping/tasks.cjs know, by its indexes. See also memory.js.

const { until } = require('./waiting.js')

/** Raised by a task that begins, by the test to let it go on, by a task that hears of its stop, and at its end. */
const [BEGUN, GO, HEARD, DONE] = [0, 1, 2, 3]

/** Resolves once `count` tasks have begun. */
const begun = (view, count = 1) =>
  until(() => Atomics.load(view, BEGUN) >= count, `the beginning of task ${count}`)

module.exports = { BEGUN, DONE, GO, HEARD, begun }
