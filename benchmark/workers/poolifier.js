'use strict'

const { ThreadWorker } = require('poolifier')
const { echo, block } = require('../tasks.js')()

// No `echoMoved`: poolifier copies what a task returns.
module.exports = new ThreadWorker({ echo, block })
