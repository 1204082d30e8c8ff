'use strict'

// A search service that lets its users write regular expressions. Some take for ever, by accident or not: each
// search gets 100 ms of running, is given up with its caller, and never holds up the others.
//
//   node examples/untrusted-patterns.js

const { WorkerPool } = require('threadmill')

function search({ pattern, lines }) {
  const expression = new RegExp(pattern)
  return lines.filter((line) => expression.test(line)).length
}

const lines = Array.from({ length: 200 }, (_, n) => `${'a'.repeat(n % 40)}!`)
const patterns = ['a{5}!', '^(a+)+$', 'aaa', '(a|aa)+$', '^a*!$']

async function main() {
  const pool = new WorkerPool({ maxWorkers: 2, timeout: 100, queueTimeout: 5000 })

  const searches = patterns.map(async (pattern) => {
    try {
      return `${await pool.execute(search, { pattern, lines })} lines match`
    } catch (error) {
      return error.code === 'ERR_TASK_TIMEOUT' ? 'took too long and was stopped' : error.message
    }
  })
  for (const [index, answer] of (await Promise.all(searches)).entries())
    console.log(`${patterns[index].padEnd(10)} ${answer}`)

  // A caller who goes away takes the search along.
  const controller = new AbortController()
  const abandoned = pool.execute(search, { pattern: '^(a+)+$', lines }, { signal: controller.signal })
  controller.abort(new Error('the client has hung up'))
  await abandoned.catch((error) => console.log(`given up: ${error.message}`))

  const { completed, timedOut, cancelled } = pool.stats().tasks
  console.log(`${completed} searches done, ${timedOut} timed out, ${cancelled} cancelled`)
  await pool.close()
}

main()
