'use strict'

module.exports = { echo: (value) => value }
