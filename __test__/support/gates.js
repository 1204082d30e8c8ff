'use strict'

// Gates hold workers: a task stands at one until a test opens it.

const { afterwards } = require('./cleanup.js')
const { makeView, raise } = require('./memory.js')
const { delay, until } = require('./waiting.js')

/** Indexes of a gate: whether it is open, how many stand at it, and how many did at most. */
const [OPEN, ENTERED, MOST] = [0, 1, 2]

// ---- in a test

/** A gate that is closed. It opens after the test at the latest, so that the worker of a failed one is let go. */
function makeGate() {
  const gate = makeView(3)
  afterwards(() => open(gate))
  return gate
}

function open(gate) {
  Atomics.store(gate, OPEN, 1)
  Atomics.notify(gate, OPEN)
}

/** Resolves once `count` tasks stand at the gate. */
const entered = (gate, count = 1) =>
  until(() => Atomics.load(gate, ENTERED) >= count, `task ${count} at the gate`)

/** How many stood at the gate at most, of those that `wait`. */
const most = (gate) => Atomics.load(gate, MOST)

// ---- in a task

/** Says that a task is here. */
const enter = (gate) => raise(gate, ENTERED)

/** Says that a task is here, and holds its worker until the gate is opened. */
function block(gate) {
  enter(gate)
  while (Atomics.load(gate, OPEN) === 0) Atomics.wait(gate, OPEN, 0)
}

/** Says that a task is here, and waits without holding its worker; counted in the gate only meanwhile. */
async function wait(gate) {
  const here = Atomics.add(gate, ENTERED, 1) + 1
  for (let seen; (seen = Atomics.load(gate, MOST)) < here; ) Atomics.compareExchange(gate, MOST, seen, here)
  while (Atomics.load(gate, OPEN) === 0) await delay(1)
  Atomics.sub(gate, ENTERED, 1)
}

module.exports = { ENTERED, OPEN, block, enter, entered, makeGate, most, open, wait }
