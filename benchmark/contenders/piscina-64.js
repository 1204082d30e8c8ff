'use strict'

const { variant } = require('./piscina.js')

module.exports = variant('piscina-64', 'Piscina, 64 tasks per worker', { concurrentTasksPerWorker: 64 })
