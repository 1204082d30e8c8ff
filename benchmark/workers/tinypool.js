let move
const tasks = require('../tasks.js')(() => move)

// Tinypool is an ES module, which Node 20 cannot `require`.
tasks.echoMoved = async (buffer) => {
  move ??= (await import('tinypool')).Tinypool.move
  return move(buffer)
}

// The default export is what `run(value)` calls.
module.exports = Object.assign(tasks.echo, tasks)
