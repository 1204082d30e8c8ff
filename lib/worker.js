'use strict'

// What a worker thread runs. Rust wakes `turn`; it pulls tasks from the scheduler one by one, runs them, and
// hands each result in with the call that asks for the next.

const { syncBuiltinESMExports } = require('node:module')
const { setImmediate, setTimeout } = require('node:timers')
const workerThreads = require('node:worker_threads')
const native = require('./native.js')
const { ARGUMENT, encode, encoded, decode } = require('./codec.js')
const { PoolError, describe, simplify } = require('./errors.js')
const { compile, findExport, loadExports } = require('./handlers.js')
const { takeMoved } = require('./move.js')
const { HEAD, TURN, PREFIX, ENDING, PORT, Inbound } = require('./records.js')

const { pool, id, script, eager, port } = workerThreads.workerData.threadmill
// The script sees the workerData that its user gave, and nothing of ours.
const own = /** @type {any} */ (workerThreads)
own.workerData = workerThreads.workerData.workerData
syncBuiltinESMExports()
const parentPort = /** @type {import('node:worker_threads').MessagePort} */ (workerThreads.parentPort)

/** Milliseconds of tasks after which the script's own timers, sockets and console get their turn. */
const SLICE = 1

// Held from the start: a script may replace it. Loading the finer clock would delay the first task.
const now = Date.now

/** What the worker is doing; a wake-up means something only to one at rest. */
const REST = 0
const RUNNING = 1 // also while it waits for a task's promise
const YIELDED = 2 // for a turn of the event loop
const STOPPED = 3

let state = REST
let sliceStart = 0
let outbound = encoded.bytes
let inbound = new Inbound()
const endpoint = new native.WorkerEndpoint(pool, id, turn, outbound, inbound.int32)
const [next, finish] = endpoint.functions()

/** The task that runs. */
let slot = 0
/** How the last task ended; handed in with the next call. */
let ended = ENDING.NONE
/** Functions by label. */
const handlers = []

/** See TaskContext in index.d.ts. */
class Context {
  constructor(taskId, attempt, priority) {
    this.taskId = taskId
    this.attempt = attempt
    this.priority = priority
    this.workerId = id
  }
}

// ---- the loop

function turn() {
  if (state !== REST) return
  state = RUNNING
  sliceStart = now()
  pump()
}

/** Hands in what has ended and runs the next task, if there is one. */
function pump() {
  if (ended !== ENDING.NONE && Math.abs(now() - sliceStart) > SLICE) return yieldTurn()
  const text = handIn(next)
  if (text === null) return rest()
  runTask(text)
}

/** There is no task; the first word says why. */
function rest() {
  const word = inbound.int32[0]
  if (word === TURN.STOP) return stop()
  if (word === TURN.GROW) {
    inbound = new Inbound(inbound.int32[1] * 2)
    endpoint.useInbound(inbound.int32)
    return pump()
  }
  if (inbound.isLarge) {
    inbound = new Inbound()
    endpoint.useInbound(inbound.int32)
  }
  state = REST
}

/** Hands in how the last task ended, through `call`: the addon's `next` or `finish`. */
function handIn(call) {
  if (encoded.bytes !== outbound) {
    outbound = encoded.bytes
    endpoint.useOutbound(outbound)
  }
  const words = encoded.int32
  words[ARGUMENT.FLAGS] = ended
  words[ARGUMENT.SLOT] = slot
  words[ARGUMENT.LENGTH] = encoded.byteLength
  const text = ended === ENDING.FULFILLED || ended === ENDING.REJECTED ? encoded.text : ''
  ended = ENDING.NONE
  return call(text)
}

/** Lets the event loop turn once before the next task. */
function yieldTurn() {
  handIn(finish)
  state = YIELDED
  setImmediate(() => {
    state = REST
    turn()
  })
}

/** Runs the task in `inbound`; once it is over, hands in how it ended and goes on. */
function runTask(text) {
  const { int32, float64 } = inbound
  slot = int32[PREFIX + 1]
  const label = int32[PREFIX + 2]
  const flags = int32[PREFIX + HEAD - 1]
  const context = new Context(float64[1], flags >> 1, float64[0])
  const handler = handlers[label]
  let input
  try {
    input = flags & 1 ? takeCargo() : decode(int32, float64, PREFIX + HEAD, text, 0, findShared)
  } catch (cause) {
    const message = `The task's input cannot be read: ${cause?.message ?? cause}`
    return settleLater(reject, new PoolError('ERR_NOT_SERIALIZABLE', message, { cause }))
  }
  if (handler === undefined) return follow(resolveHandler(label).then((found) => found(input, context)))
  let result
  try {
    result = handler(input, context)
    if (isThenable(result)) return follow(result)
  } catch (thrown) {
    return settleLater(reject, thrown)
  }
  settleLater(fulfil, result)
}

const DONE = Promise.resolve()

/**
 * What a task leaves in the microtask queue runs before the next task does (and before its result is encoded:
 * it may submit tasks of its own, which are encoded in the same memory).
 */
function settleLater(settle, value) {
  DONE.then(() => {
    settle(value)
    pump()
  })
}

const isThenable = (value) =>
  value !== null &&
  (typeof value === 'object' || typeof value === 'function') &&
  typeof value.then === 'function'

function follow(promise) {
  Promise.resolve(promise).then(
    (value) => {
      fulfil(value)
      pump()
    },
    (thrown) => {
      reject(thrown)
      pump()
    }
  )
}

// ---- results

function fulfil(value) {
  try {
    if (encode(value)) ended = ENDING.FULFILLED
    else {
      port.postMessage(value, takeMoved(value))
      ended = ENDING.CARGO_FULFILLED
    }
  } catch (cause) {
    const message = `The task's result cannot be sent back: ${/** @type {any} */ (cause)?.message ?? cause}`
    reject(new PoolError('ERR_NOT_SERIALIZABLE', message, { cause }))
  }
}

function reject(thrown) {
  const description = describeAnything(thrown)
  try {
    if (encode(description)) {
      ended = ENDING.REJECTED
      return
    }
    port.postMessage(description, [])
  } catch {
    port.postMessage(simplify(description), [])
  }
  ended = ENDING.CARGO_REJECTED
}

/** A thrown value whose own code throws when it is read is told of in words. */
function describeAnything(thrown) {
  try {
    return describe(thrown)
  } catch (cause) {
    return describe(new Error(`The task threw a value that cannot be read: ${cause?.message ?? cause}`))
  }
}

// ---- what comes over the port

/** @type {Map<number, SharedArrayBuffer>} */
const sharedBuffers = new Map()
/** The input that came last, or the error of reading it. One that was taken back comes before its successor. */
let cargo = {}

function receive([kind, first, second]) {
  if (kind === PORT.SHARED) sharedBuffers.set(first, second)
  else if (kind === PORT.FORGET) sharedBuffers.delete(first)
  else cargo = { value: first }
}

// What nobody waits for is received, too: it would be kept alive in the port.
port.on('message', receive)
port.on('messageerror', (error) => {
  cargo = { error }
})
port.unref()

function receiveNow() {
  const received = workerThreads.receiveMessageOnPort(port)
  if (received !== undefined) receive(received.message)
  return received !== undefined
}

/** The input that was delivered for the task. */
function takeCargo() {
  while (receiveNow());
  const { value, error } = cargo
  cargo = {}
  if (error !== undefined) throw error
  return value
}

/** A SharedArrayBuffer was sent before the first task that names it was submitted. */
function findShared(number) {
  while (!sharedBuffers.has(number) && receiveNow());
  return sharedBuffers.get(number)
}

// ---- functions

/** @type {Promise<any> | undefined} */
let exportsOfScript

/** The script's exports; loaded once, for the first who asks. */
function loadScript() {
  exportsOfScript ??= loadExports(script)
  return exportsOfScript
}

/** Finds or compiles the function of a label. */
async function resolveHandler(label) {
  const [isSource, text] = endpoint.label(label)
  const found = isSource ? compile(text) : findExport(script, await loadScript(), text)
  handlers[label] = found
  return found
}

// ---- the end

/** Longest wait, in milliseconds, for what the script has printed to leave the thread. */
const FLUSH = 500

/** Ends the thread once its output is written: `process.exit` alone would lose what is still buffered. */
function stop() {
  state = STOPPED
  endpoint.leave()
  const exit = () => process.exit(0)
  const pending = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0)
  if (pending.length === 0) return exit()
  setTimeout(exit, FLUSH)
  Promise.all(
    pending.map(
      (stream) =>
        new Promise((resolve) => {
          stream.write('', resolve)
        })
    )
  ).then(exit)
}

// ---- the start

function report(error) {
  try {
    parentPort.postMessage({ threadmill: { error } })
  } catch {
    parentPort.postMessage({ threadmill: { error: error && simplify(error) } })
  }
}

if (eager && script !== undefined)
  loadScript().then(
    () => report(undefined),
    (error) => report(describe(error))
  )
else report(undefined)
turn()
