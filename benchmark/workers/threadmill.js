module.exports = require('../tasks.js')(() => require('../..').move)
