'use strict'

const { AsyncResource, executionAsyncId } = require('node:async_hooks')

const NAME = 'ThreadmillTask'

// The asynchronous contexts (AsyncLocalStorage) that tasks run in, and all that is done about them: what one enters there
// no other may find.
//
// Where contexts are values, as in Node 24, one scope does for all tasks: it is left as it was entered. Elsewhere what is
// entered is written into the scope, and each task needs its own, which costs more than all the rest of a short task. But
// nothing is entered before hooks are on, and they are switched on by the first who enters anything. A microtask can
// tell: without hooks it has no number. So a common scope goes from task to task as long as each was reviewed, after its
// code had run, by a microtask that was queued after that; whoever comes in between gets a scope of its own, and so does
// everybody once hooks are on.

/** One that several have, one after the other. */
class CommonScope extends AsyncResource {
  /** Whether code has run in it since the last review. */
  isUsed = false
}

class Scopes {
  /** No code of the user's runs in it: what is made in it has nothing that anybody has entered. */
  #origin = new AsyncResource(NAME)
  /** Of tasks, and of their results, which are read after the review of their task. Undefined once hooks are on. */
  #ofTasks = /** @type {CommonScope | undefined} */ (new CommonScope(NAME))
  #ofResults = /** @type {CommonScope | undefined} */ (new CommonScope(NAME))

  #make = () => new AsyncResource(NAME)

  #common(/** @type {CommonScope | undefined} */ scope) {
    if (scope === undefined || scope.isUsed) return this.#origin.runInAsyncScope(this.#make)
    scope.isUsed = true
    return scope
  }

  /** One that finds what has been entered where it is made. */
  static ofNow() {
    return new AsyncResource(NAME)
  }

  /** The scope of a task whose code begins now. */
  next() {
    return this.#common(this.#ofTasks)
  }

  /** The scope in which the result of a task is read, its own if it has one. */
  ofResult(/** @type {AsyncResource | undefined} */ scope) {
    return scope === undefined || scope instanceof CommonScope ? this.#common(this.#ofResults) : scope
  }

  /** The scope for what else is done about a task that waits for something. */
  ofMore(/** @type {AsyncResource | undefined} */ scope) {
    return scope === undefined || scope instanceof CommonScope
      ? this.#origin.runInAsyncScope(this.#make)
      : scope
  }

  /** To be called in a microtask that was queued after code had run in a scope. */
  review() {
    if (this.#ofTasks === undefined || this.#ofResults === undefined) return
    this.#ofTasks.isUsed = this.#ofResults.isUsed = false
    if (executionAsyncId() !== 0) this.#ofTasks = this.#ofResults = undefined
  }
}

module.exports = { Scopes }
