'use strict'

/** A task on its worker. */
class Task {
  /** It was told to stop, did not answer, and its promise is nobody's any more. */
  abandoned = false
  /** What `move` marks while it runs is known by this; see wire/move.js. */
  number = 0
  /** What it runs, once that is known. @type {Function | undefined} */
  handler = undefined
  /** The `then` of what it returned, if that is to be waited for. @type {Function | undefined} */
  thenOfResult = undefined
  /** Whether that is anything but an ordinary promise. */
  isThenable = false

  /**
   * Where all code of the user's runs that is about it, once that has begun.
   * @type {import('node:async_hooks').AsyncResource | undefined}
   */
  scope = undefined

  constructor(slot, run, isStoppable, context) {
    this.slot = slot
    this.run = run
    this.isStoppable = isStoppable
    this.context = context
  }
}

/** See TaskContext in index.d.ts. */
class TaskContext {
  /** Answers whether it has been told to stop. @type {(() => boolean) | undefined} */
  #asks
  /** Answers why, once it has. @type {(() => any) | undefined} */
  #why
  /** @type {AbortController | undefined} */
  #controller = undefined
  /** Whether it wants to know about being stopped. */
  #listens = false

  constructor(taskId, attempt, priority, workerId, asks, why) {
    this.taskId = taskId
    this.attempt = attempt
    this.priority = priority
    this.workerId = workerId
    this.#asks = asks
    this.#why = why
  }

  get aborted() {
    this.#listens = true
    return this.#asks?.() === true
  }

  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.aborted) this.#controller.abort(this.#why?.())
    }
    return this.#controller.signal
  }

  /** Tells the task to stop. Answers whether it listens. */
  static abort(/** @type {TaskContext} */ context) {
    context.#controller?.abort(context.#why?.())
    return context.#listens
  }
}

module.exports = { Task, TaskContext }
