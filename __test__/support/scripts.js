'use strict'

// Where things are: the package, and the scripts whose tasks tests steer.

const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const FIXTURES = path.join(ROOT, '__test__', 'fixtures')
const inLife = (name) => path.join(FIXTURES, 'life', name)

module.exports = {
  ROOT,
  FIXTURES,
  /** Tasks that stand at gates, count, note and die. */
  TASKS: inLife('tasks.cjs'),
  /** The same, and some that wait without holding their worker. */
  STEERED: inLife('steered.cjs'),
  /** Tasks that fail until a later attempt. */
  UNRELIABLE: inLife('unreliable.cjs'),
  /** Tasks that go wrong in each way and at each moment. */
  MORTAL: inLife('mortal.cjs'),
  /** Tasks that do not end by themselves. */
  STOPPING: path.join(FIXTURES, 'stopping', 'tasks.cjs')
}
