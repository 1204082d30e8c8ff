'use strict'

// Held from the start: test runners replace the globals.
const { setImmediate } = require('node:timers')
const { PORT } = require('../wire/port.js')
const { sizeOf } = require('../wire/views.js')

/**
 * Bytes of buffers that nobody needs any more which a worker that does not look at its port may hold; then inputs with
 * new buffers are delivered to the worker that takes them, and no other.
 */
const MOST_UNFORGOTTEN = 1 << 26
/** What a message takes besides, about. */
const OVERHEAD = 1 << 12

/** What the wire format has room for. */
const LARGEST_NUMBER = 2 ** 27 - 1

/** A SharedArrayBuffer that tasks name; `tasks` counts those that are not over. */
class Entry {
  tasks = 0
  isSent = false

  constructor(number, buffer) {
    this.number = number
    this.buffer = buffer
  }
}

/** What a worker was told to forget and may not have forgotten yet: it runs something, or has not begun to. */
class Unforgotten {
  #host
  /** @type {{ at: number, bytes: number }[]} */
  #told = []
  #bytes = 0

  /** @param {Pick<InstanceType<typeof import('./thread.js').ThreadHost>, 'sent' | 'received'>} host */
  constructor(host) {
    this.#host = host
  }

  /** The last message has told it. */
  add(bytes) {
    this.#told.push({ at: this.#host.sent, bytes })
    this.#bytes += bytes
  }

  get bytes() {
    if (this.#told.length === 0) return 0
    const { received } = this.#host
    const heard = this.#told.findIndex(({ at }) => at > received)
    const forgotten = this.#told.splice(0, heard < 0 ? this.#told.length : heard)
    for (const { bytes } of forgotten) this.#bytes -= bytes
    return this.#bytes
  }
}

/** What one message names. */
class Named {
  #buffers
  #entries

  constructor(buffers, entries) {
    this.#buffers = buffers
    this.#entries = entries
  }

  /** The task of the message is over, and nobody will read that. To be called once. */
  release() {
    this.#buffers.release(this.#entries)
  }
}

// SharedArrayBuffers by number. Every worker is sent each of them once, ahead of the first task that names it, so that a
// task which any worker may take needs no delivery; and is told to forget it once the last task that names it is over.
// See lib/README.md, "Forgetting".
class SharedBuffers {
  /** Who is sent them. @type {Map<any, Unforgotten>} */
  #hosts = new Map()
  /** Those that are known by a number. @type {Map<SharedArrayBuffer, Entry>} */
  #entries = new Map()
  #next = 0
  #hasComeRound = false
  /** Those of the message that is being encoded. @type {Entry[] | undefined} */
  #named = undefined
  /** Those that no task names, to be forgotten unless another does before the event loop turns. @type {Set<Entry>} */
  #idle = new Set()

  /** The number of a buffer within the message that is being encoded; -1 if the message is to be delivered. */
  share = (buffer) => {
    let entry = this.#entries.get(buffer)
    if (entry === undefined) {
      if (this.#isBehind()) return -1
      entry = new Entry(this.#newNumber(), buffer)
      this.#entries.set(buffer, entry)
    }
    if (this.#named === undefined) this.#named = []
    this.#named.push(entry)
    return entry.number
  }

  /** Whether a worker would be left with too much. */
  #isBehind() {
    for (const unforgotten of this.#hosts.values()) if (unforgotten.bytes > MOST_UNFORGOTTEN) return true
    return false
  }

  /** Numbers come again, after so many others that no worker has what the last of a number was. */
  #newNumber() {
    do {
      this.#next = this.#next === LARGEST_NUMBER ? 0 : this.#next + 1
      // Seldom more than a few, and those are older by far unless the numbers have come round.
    } while (this.#hasComeRound && this.#isNumber(this.#next))
    if (this.#next === LARGEST_NUMBER) this.#hasComeRound = true
    return this.#next
  }

  #isNumber(number) {
    for (const entry of this.#entries.values()) if (entry.number === number) return true
    return false
  }

  /** A message is going to be encoded. Answers what `encoded` is to be given: one may be encoded within another. */
  encoding() {
    const outer = this.#named
    this.#named = undefined
    return outer
  }

  /**
   * The message has been encoded, if `fits`. Answers what is to be released when its task is over, if it names buffers:
   * every worker has been sent them now.
   */
  encoded(outer, fits) {
    const named = this.#named
    this.#named = outer
    if (named === undefined) return undefined
    for (const entry of named) {
      if (fits) this.#use(entry)
      else if (!entry.isSent && entry.tasks === 0) this.#entries.delete(entry.buffer)
    }
    return fits ? new Named(this, named) : undefined
  }

  #use(entry) {
    entry.tasks++
    if (entry.isSent) return
    entry.isSent = true
    for (const host of this.#hosts.keys()) host.send([PORT.SHARED, entry.number, entry.buffer])
  }

  /** A task that names these is over. */
  release(entries) {
    for (const entry of entries) {
      if (--entry.tasks > 0) continue
      if (this.#idle.size === 0) setImmediate(this.#forget).unref()
      this.#idle.add(entry)
    }
  }

  #forget = () => {
    const idle = [...this.#idle].filter((entry) => entry.tasks === 0)
    this.#idle.clear()
    if (idle.length === 0) return
    let bytes = OVERHEAD
    for (const { buffer } of idle) {
      this.#entries.delete(buffer)
      bytes += sizeOf(buffer) + OVERHEAD
    }
    const numbers = idle.map(({ number }) => number)
    for (const [host, unforgotten] of this.#hosts) {
      host.send([PORT.FORGET, numbers])
      unforgotten.add(bytes)
    }
  }

  // ---- workers

  /** A worker has been started: it is sent what tasks name that it may be given. */
  introduce(host) {
    this.#hosts.set(host, new Unforgotten(host))
    for (const { number, buffer, isSent } of this.#entries.values())
      if (isSent) host.send([PORT.SHARED, number, buffer])
  }

  /** A worker is gone. */
  dismiss(host) {
    this.#hosts.delete(host)
  }
}

module.exports = { SharedBuffers }
