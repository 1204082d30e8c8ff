import makeTasks from '../tasks.js'

let move
const tasks = makeTasks(() => move)

/** What `run(value)` calls. */
export default tasks.echo

export const { echo, take, give, block } = tasks

export async function echoMoved(buffer) {
  move ??= (await import('tinypool')).default.move
  return tasks.echoMoved(buffer)
}
