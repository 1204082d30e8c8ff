'use strict'

/** @type {typeof import('node:worker_threads') | undefined} */
let loaded

/** Node's module: who only loads this package need not wait for it, which takes Node a millisecond or two. */
const workerThreads = () => (loaded ??= require('node:worker_threads'))

module.exports = { workerThreads }
