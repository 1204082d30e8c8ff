'use strict'

const { beginTask } = require('../wire/move.js')
const { isOrdinary, thenOf } = require('./promise.js')
const { Scopes } = require('./scope.js')

// Where a task's code is called, whatever it is: its function, the getters of what that returned or threw, the `then` of a
// thenable. It runs in the asynchronous scope of its task, and so that it ends when the task is told to stop: within the
// scope, which is left in good order. What runs beside this can neither be stopped alone nor be told whose it is.
class UserCode {
  #scopes = new Scopes()
  #enter

  /** @param {ReturnType<typeof import('./stop.js').makeStoppable>} callStoppable */
  constructor(callStoppable) {
    this.#enter = (task, code, first, second) =>
      task.isStoppable ? callStoppable(task.run, code, first, second) : code(first, second)
  }

  /** The code of a task begins: runs its function, which `find` answers if it is not known yet. */
  begin(task, input, /** @type {(() => Function) | undefined} */ find = undefined) {
    task.scope = this.#scopes.next()
    task.number = beginTask()
    const code = find === undefined ? callHandler : () => callFound(task, input, find)
    return task.scope.runInAsyncScope(this.#enter, undefined, task, code, task, input)
  }

  /** Calls `code(first, second)` to read what the task came to. */
  readResult(task, code, first, second) {
    return this.#scopes
      .ofResult(task.scope)
      .runInAsyncScope(this.#enter, undefined, task, code, first, second)
  }

  /** Calls `code(first, second)` of a task that waits for something. */
  goOn(task, code, first, second) {
    return this.#scopes.ofMore(task.scope).runInAsyncScope(this.#enter, undefined, task, code, first, second)
  }

  /** The same for what such a task has to hear as it is told to stop: what can be stopped has been, by then. */
  interrupt(task, code, first) {
    return this.#scopes.ofMore(task.scope).runInAsyncScope(code, undefined, first)
  }

  /** To be called in a microtask that was queued after code had run. */
  review() {
    this.#scopes.review()
  }
}

function callFound(task, input, find) {
  task.handler = find()
  return callHandler(task, input)
}

function callHandler(task, input) {
  const { handler } = task
  const result = handler(input, task.context)
  const then = thenOf(result)
  if (then !== undefined) {
    task.thenOfResult = then
    task.isThenable = !isOrdinary(result, then)
    if (task.isThenable) task.scope = Scopes.ofNow() // what the task has entered holds for its `then`, too
  }
  return result
}

module.exports = { UserCode }
