'use strict'

const { Limit } = require('../limit.js')

// What workers print passes through this thread, a piece at a time: each is asked for when the one before has come. An
// idle pool does not keep the process alive, so that a script which comes to its end would cut off what its tasks have
// printed. Before it ends, every worker of this thread is therefore asked to say all it has to say.

/** Longest wait, in milliseconds: a worker that something blocks does not answer. */
const PATIENCE = 500

/** Anything that can be asked. @typedef {{ sayAll: () => void }} Speaker */
/** @type {Set<Speaker>} */
const speakers = new Set()
/** Those that have not answered. @type {Set<Speaker>} */
const asked = new Set()
/** Whether anything has been under way since they were asked. */
let isStirred = false
/** @type {InstanceType<typeof Limit> | undefined} */
let limit

function askAll() {
  if (!isStirred) return
  isStirred = false
  // Keeps the process alive meanwhile.
  limit ??= new Limit(PATIENCE, giveUp, true)
  for (const speaker of speakers) asked.add(speaker)
  for (const speaker of [...asked]) speaker.sayAll()
}

function giveUp() {
  asked.clear()
  limit?.end()
  limit = undefined
}

/** There may be something to say. */
function stir() {
  isStirred = true
}

/** From now on, `speaker` is asked before the process ends. */
function join(speaker) {
  if (speakers.size === 0) process.on('beforeExit', askAll)
  speakers.add(speaker)
}

/** `speaker` has said all. */
function answered(speaker) {
  if (asked.delete(speaker) && asked.size === 0) giveUp()
}

/** `speaker` is gone. */
function leave(speaker) {
  speakers.delete(speaker)
  answered(speaker)
  if (speakers.size === 0) process.off('beforeExit', askAll)
}

module.exports = { answered, join, leave, stir }
