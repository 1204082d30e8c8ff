'use strict'

const { AsyncResource } = require('node:async_hooks')
const { PoolError, wordsOf } = require('../errors.js')
const { inTime } = require('../limit.js')
const { findExport, findHook, loadExports } = require('./functions.js')
const { compile } = require('./inline.js')

/** Milliseconds that `teardown` may take: what it waits for might never come. */
const LONGEST_TEARDOWN = 5_000

// A worker's script: loaded once, set up once, torn down at a graceful end.
class WorkerScript {
  #path
  #info
  /** @type {Promise<any> | undefined} */
  #exports = undefined
  /** @type {Promise<any> | undefined} */
  #ready = undefined
  #isSetUp = false

  /** @param {string | undefined} path  @param {{ workerId: number }} info what `setup` is told */
  constructor(path, info) {
    this.#path = path
    this.#info = info
  }

  /** The script's exports, once its `setup` is through. A setup that failed is tried again by the next who asks. */
  ready() {
    if (this.#ready === undefined) {
      // In a scope of its own: what the script enters while it loads is not its tasks'.
      const ready = new AsyncResource('ThreadmillScript').runInAsyncScope(() => this.#load())
      this.#ready = ready
      ready.catch(() => {
        if (this.#exports !== undefined) this.#ready = undefined
      })
    }
    return this.#ready
  }

  async #load() {
    if (this.#path === undefined) return {}
    this.#exports ??= await loadExports(this.#path)
    try {
      const setup = findHook(this.#exports, 'setup')
      await setup?.(this.#info)
    } catch (cause) {
      const message = `The 'setup' of the script ${this.#path} failed: ${wordsOf(cause)}`
      throw new PoolError('ERR_SCRIPT_LOAD', message, { cause })
    }
    this.#isSetUp = true
    return this.#exports
  }

  /** Whether `ready()` has nothing left to do. */
  get isReady() {
    return this.#path === undefined || this.#isSetUp
  }

  /** Whether a failure to get ready will be the same the next time. */
  get isBroken() {
    return this.#path !== undefined && this.#exports === undefined
  }

  /** The function of a label: `source`, or the name of an export, once the script is ready. */
  find(isSource, text) {
    return isSource ? compile(text) : findExport(this.#path, this.#exports ?? {}, text)
  }

  /** Runs `teardown`, if the script was set up and has one; `begin` is called before that. */
  async tearDown(begin) {
    if (!this.#isSetUp) return
    try {
      const teardown = findHook(this.#exports, 'teardown')
      if (teardown === undefined) return
      begin()
      await inTime(teardown(), LONGEST_TEARDOWN)
    } catch (cause) {
      const message = `The 'teardown' of the script ${this.#path} failed: ${wordsOf(cause)}`
      throw new PoolError('ERR_WORKER_EXITED', message, { cause })
    }
  }
}

module.exports = { WorkerScript }
