'use strict'

const { AsyncResource, executionAsyncId } = require('node:async_hooks')

const NAME = 'ThreadmillTask'

// The asynchronous contexts (AsyncLocalStorage) that tasks run in, and all that is done about them: what one enters there
// no other may find.
//
// Where contexts are values, as in Node 24, one scope does for all tasks: it is left as it was entered. Elsewhere what is
// entered is written into the scope, and each task needs its own, which costs more than all the rest of a short task. But
// nothing is entered before hooks are on, and they are switched on by the first who enters anything. A microtask can
// tell: without hooks it has no number. So the first task that enters something leaves it in the scope that all have had
// so far, and no later task gets that one.
class Scopes {
  #shared = new AsyncResource(NAME)
  /** What results are read in, with their getters: that is after the review of their task. */
  #results = new AsyncResource(NAME)
  #isShared = true

  /** The scope of a task that begins now. To be called outside of any other. */
  next() {
    return this.#isShared ? this.#shared : new AsyncResource(NAME)
  }

  /** The scope in which the result of a task is read. */
  ofResult(scope) {
    return scope === this.#shared ? this.#results : scope
  }

  /** To be called in a microtask after each task, and before the next one. */
  review() {
    if (this.#isShared && executionAsyncId() !== 0) this.#isShared = false
  }
}

module.exports = { Scopes }
