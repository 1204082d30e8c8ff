'use strict'

// What every contender's workers run. `move` is the library's own way of marking a result for transfer; it is
// looked up when a task asks for it, so that it adds nothing to a worker's start.

/** @param {() => (buffer: ArrayBuffer) => any} move */
module.exports = (move) => ({
  /** Gives its input back: the price of a task and of carrying a value there and back. */
  echo: (value) => value,

  /** Gives an ArrayBuffer back without a copy. */
  echoMoved: (buffer) => move()(buffer),

  /** Takes its input, and that is all. */
  take: (_value) => undefined,

  /** A value of carry/values.js, by its name. */
  give: (name) => require('./carry/give.js').give(name),

  /** Says that it runs, in `flags[0]`, and keeps its worker busy until `flags[1]` is set. */
  block(flags) {
    Atomics.store(flags, 0, 1)
    Atomics.notify(flags, 0)
    Atomics.wait(flags, 1, 0)
  }
})
