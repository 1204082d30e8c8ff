'use strict'

// What a worker thread runs. Rust wakes `turn`; it pulls tasks from the scheduler one by one, runs them, and
// hands each result in with the call that asks for the next.

const { syncBuiltinESMExports } = require('node:module')
const { setImmediate, setTimeout } = require('node:timers')
const workerThreads = require('node:worker_threads')
const { WorkerEndpoint } = require('../addon.js')
const { PoolError, wordsOf } = require('../errors.js')
const { decode } = require('../wire/decode.js')
const { encoded } = require('../wire/encode.js')
const { ENDING, GRACE, HEAD, PREFIX, RUN, TASK, TURN } = require('../wire/layout.js')
const { INBOUND, Memory } = require('../wire/memory.js')
const { LEAVING, NEWS } = require('../wire/port.js')
const { Control } = require('./control.js')
const { Globals } = require('./globals.js')
const { Handlers } = require('./handlers.js')
const { HandingIn } = require('./handing-in.js')
const { leave, written } = require('./leave.js')
const { WorkerPort } = require('./port.js')
const { followPromise, followThenable } = require('./promise.js')
const { NotFound, Results } = require('./results.js')
const { WorkerScript } = require('./script.js')
const { STOP, UNBEGUN, makeStoppable } = require('./stop.js')
const { Task, TaskContext } = require('./task.js')
const { UserCode } = require('./user-code.js')

const {
  pool,
  id,
  path,
  port,
  control: controlPort,
  received,
  places,
  largestHeap,
  mayStop,
  isKept
} = workerThreads.workerData.threadmill
// The script sees the workerData that its user gave, and nothing of ours.
const own = /** @type {any} */ (workerThreads)
own.workerData = workerThreads.workerData.workerData
syncBuiltinESMExports()

/** Milliseconds of tasks after which the script's own timers, sockets and console get their turn. */
const SLICE = 1

// Held from the start: a script may replace it. Loading the finer clock would delay the first task.
const now = Date.now

/** What the worker is doing. */
const REST = 0 // has room for a task and nothing to do until it is woken, or a promise settles
const FULL = 1 // all its places are taken by tasks that wait for something
const CHAIN = 2 // runs one task after the other
const YIELDED = 3 // for a turn of the event loop
const STOPPED = 4
const STARTING = 5 // is set up; if it is told to end meanwhile, it is torn down after that

let state = STARTING
let sliceStart = 0
/** Tasks whose promise is pending. */
let pending = 0
/** Those of them that may be told to stop, by run. @type {Map<number, InstanceType<typeof Task>>} */
const stoppable = new Map()

let inbound = new Memory(INBOUND)
const endpoint = new WorkerEndpoint(pool, id, turn, encoded.bytes, inbound.int32)
const [next, finish, runStoppable, isStopped] = endpoint.functions()
const userCode = new UserCode(makeStoppable(runStoppable))
const cargo = new WorkerPort(port, received)
const control = new Control(
  controlPort,
  () => written().then(() => control.tell(NEWS.SAID)),
  (run) => stoppable.has(run)
)
const results = new Results(userCode, cargo)
const handingIn = new HandingIn(endpoint)
const globals = new Globals(isKept)
const script = new WorkerScript(path, { workerId: id })

const handlers = new Handlers()
/** Whether a successor has been asked for. */
let isWorn = false

// ---- the loop

function turn() {
  if (state === STOPPED) return
  if (stoppable.size > 0) heedStops()
  if (state !== REST) return
  state = CHAIN
  sliceStart = now()
  pump()
}

/** Hands in what has ended and runs the next task, if there is one. */
function pump() {
  if (handingIn.wasStopped) return yieldTurn()
  if (handingIn.isDue && Math.abs(now() - sliceStart) > SLICE) return yieldTurn()
  const text = handingIn.through(next, 0)
  if (text === null) return rest()
  runTask(text)
}

/** There is no task; the first word says why. */
function rest() {
  const word = inbound.int32[0]
  if (word === TURN.STOP) return stop()
  if (word === TURN.END) return end()
  if (word === TURN.GROW) {
    inbound = new Memory(inbound.int32[1] * 2)
    endpoint.useInbound(inbound.int32)
    return pump()
  }
  if (inbound.isLarge) {
    inbound = new Memory(INBOUND)
    endpoint.useInbound(inbound.int32)
  }
  state = pending === places ? FULL : REST
  checkHeap()
  globals.loadLater()
}

/** Lets the event loop turn once before the next task. */
function yieldTurn() {
  handingIn.through(finish, ENDING.RETURNS)
  state = YIELDED
  checkHeap()
  setImmediate(() => {
    state = REST
    turn()
  })
}

/** Runs the task in `inbound`; once it is over, hands in how it ended and goes on. */
function runTask(text) {
  const { int32, float64 } = inbound
  const run = int32[RUN] >>> 0
  const label = int32[PREFIX + 2]
  const flags = int32[PREFIX + HEAD - 1]
  const isStoppable = (flags & TASK.STOPPABLE) !== 0
  const asks = isStoppable ? () => isStopped(run) : undefined
  const why = isStoppable ? () => control.reasonOf(run) : undefined
  const context = new TaskContext(float64[1], flags >> TASK.ATTEMPT_SHIFT, float64[0], id, asks, why)
  const task = new Task(int32[PREFIX + 1], run, isStoppable, context)
  const handler = handlers.get(label)
  let input
  try {
    input =
      flags & TASK.DELIVERED
        ? cargo.takeCargo()
        : decode(int32, float64, PREFIX + HEAD, text, 0, cargo.findShared)
  } catch (cause) {
    const message = `The task's input cannot be read: ${wordsOf(cause)}`
    return settleLater(refuse, task, new PoolError('ERR_NOT_SERIALIZABLE', message, { cause }))
  }
  if (handler === undefined) return runFirst(task, label, input)
  task.handler = handler
  attempt(task, input)
}

/** Runs a task, and hands in how it ended as soon as that is known. */
function attempt(task, input, /** @type {(() => Function) | undefined} */ find = undefined) {
  let result
  try {
    result = userCode.begin(task, input, find)
    if (task.thenOfResult !== undefined) return follow(task, result)
  } catch (thrown) {
    return settleLater(reject, task, thrown)
  }
  settleLater(fulfil, task, result)
}

/** Runs a task whose function this worker has not used before; at once if it can, lest later tasks overtake it. */
function runFirst(task, label, input) {
  const known = endpoint.label(label)
  // Its task is over for its owner, and so is the label. Nobody wants to know.
  if (known === null) return settleLater(reject, task, UNBEGUN)
  const [isSource, text] = known
  if (!isSource && !script.isReady) {
    enter(task)
    script.ready().then(
      () => runLate(task, label, isSource, text, input),
      (error) => over(task, reject, new NotFound(error, script.isBroken))
    )
    return passOn()
  }
  attempt(task, input, () => findHandler(label, isSource, text))
}

/** Runs a task that has waited for the script, which is ready now. */
function runLate(task, label, isSource, text, input) {
  control.tell(NEWS.UP) // the owner knows of a failure
  if (task.abandoned) return // nobody could stop it any more
  let settle = fulfil
  let result
  try {
    result = userCode.begin(task, input, () => findHandler(label, isSource, text))
    if (task.thenOfResult !== undefined) return wait(task, result)
  } catch (thrown) {
    settle = reject
    result = thrown
  }
  DONE.then(() => over(task, settle, result))
}

/** The function of a label, once the script is ready or if it needs none. There may be code of the user's in what it looks at. */
function findHandler(label, isSource, text) {
  try {
    const handler = script.find(isSource, text)
    handlers.set(label, handler, isSource ? text.length : 0)
    return handler
  } catch (error) {
    throw new NotFound(error, isSource || error?.code === 'ERR_TASK_NOT_FOUND')
  }
}

// How a task's end comes to be handed in.

const fulfil = (task, value) => handingIn.ended(task, results.fulfil(task, value))
const reject = (task, thrown) => handingIn.ended(task, results.reject(task, thrown))
/** Rejects a task that would end the same each time. */
const refuse = (task, error) => handingIn.ended(task, results.refuse(task, error))

const DONE = Promise.resolve()

/**
 * What a task leaves in the microtask queue runs before the next task does (and before its result is encoded:
 * it may submit tasks of its own, which are encoded in the same memory).
 */
function settleLater(settle, task, value) {
  DONE.then(() => {
    userCode.review()
    settle(task, value)
    pump()
  })
}

/** Waits for a task's promise, or something like one, whose `then` has been read. */
function follow(task, promise) {
  enter(task)
  wait(task, promise)
  passOn()
}

function wait(task, promise) {
  const fulfilled = (value) => over(task, fulfil, value)
  const rejected = (thrown) => over(task, reject, thrown)
  if (!task.isThenable) return followPromise(promise, fulfilled, rejected)
  const call = (code, first, second) => userCode.goOn(task, code, first, second)
  followThenable(promise, task.thenOfResult, call, fulfilled, rejected)
}

/** A task is pending from now on. */
function enter(task) {
  pending++
  if (task.isStoppable) stoppable.set(task.run, task)
}

/** While a task is pending others may run, if the worker has places for more than one. */
function passOn() {
  if (pending < places) DONE.then(goOn)
  else state = FULL
}

/** The next task, in a microtask. */
function goOn() {
  userCode.review()
  pump()
}

/** A task's promise has settled. */
function over(task, settle, value) {
  userCode.review()
  if (!task.abandoned) conclude(task, settle, value)
}

/** A task that was pending no longer is. */
function conclude(task, settle, value) {
  pending--
  if (stoppable.delete(task.run)) control.forget(task.run)
  settle(task, value)
  // Whoever is at it goes on by itself.
  if (state === CHAIN || state === YIELDED) return handingIn.through(finish, 0)
  state = CHAIN
  pump()
}

// ---- being stopped

/** Tells tasks that wait for something that they are to stop. */
function heedStops() {
  for (let run = endpoint.takeStopped(); run !== 0; run = endpoint.takeStopped()) {
    const task = stoppable.get(run)
    if (task === undefined) continue // it runs, and is stopped there
    if (userCode.interrupt(task, TaskContext.abort, task.context)) setTimeout(abandon, GRACE, task)
    else abandon(task)
  }
}

/** Waits no longer for a task that was told to stop. */
function abandon(task) {
  if (stoppable.get(task.run) !== task) return
  task.abandoned = true
  conclude(task, reject, STOP)
}

// ---- the end

/** Asks for a successor once the heap has grown beyond what the pool allows. */
function checkHeap() {
  if (isWorn || largestHeap === Number.POSITIVE_INFINITY) return
  if (process.memoryUsage().heapUsed <= largestHeap) return
  isWorn = true
  endpoint.wear()
}

/** Ends the thread once its script is torn down. */
async function stop() {
  state = STOPPED
  const begins = () => control.tell(NEWS.LEAVES, LEAVING.TEARDOWN)
  await script.tearDown(begins).catch((error) => control.tellError(NEWS.FAILED, error))
  end()
}

/** Ends the thread. */
function end() {
  state = STOPPED
  endpoint.leave()
  control.tell(NEWS.LEAVES, LEAVING.EXIT)
  leave()
}

// ---- the start

/** `tellArrival` comes after Rust knows: the owner asks who is there as soon as it hears. */
function begin(tellArrival) {
  state = REST
  endpoint.arrive()
  tellArrival()
  turn()
}

const isUp = () => control.tell(NEWS.UP)

// Where others come after a task that was stopped, or are under way beside it, before any task can be: whenever the first
// comes that may be stopped, its time is not to be spent on this.
if (mayStop || isKept || places > 1) globals.load()
if (path === undefined) begin(isUp)
else
  script.ready().then(
    () => begin(isUp),
    (error) => begin(() => control.tellError(NEWS.BROKEN, error))
  )
