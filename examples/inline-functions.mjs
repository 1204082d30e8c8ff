// Functions without a script: they are sent as source and compiled once for each worker. One sees its
// arguments, globals and `require`, and nothing of the scope that it was written in.
//
//   node examples/inline-functions.mjs

import { WorkerPool } from 'threadmill'

const pool = new WorkerPool()

const fibonacci = (n) => {
  const at = (k) => (k < 2 ? k : at(k - 1) + at(k - 2))
  return at(n)
}
const numbers = [25, 28, 30, 32]
const results = await Promise.all(numbers.map((n) => pool.execute(fibonacci, n)))
console.log('fibonacci:', new Map(numbers.map((n, i) => [n, results[i]])))

// Values arrive as structuredClone would deliver them.
const lengths = await pool.execute(
  (names) => new Map([...names].map((name) => [name, BigInt(name.length)])),
  new Set(['ash', 'birch', 'chestnut'])
)
console.log('lengths:', lengths)

// An asynchronous one, with a module of its own.
const host = await pool.execute(async function describeHost() {
  const os = require('node:os')
  return `${os.type()} on ${os.availableParallelism()} cores`
})
console.log('host:', host)

// Errors arrive as they were thrown: class, message, code, cause.
try {
  await pool.execute((text) => {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw Object.assign(new RangeError('no such setting', { cause }), { code: 'E_SETTING' })
    }
  }, '{ broken')
} catch (error) {
  console.log('error:', error instanceof RangeError, error.code, '—', error.cause.name)
}

const { perTask } = pool.stats()
console.table(
  Object.fromEntries(
    Object.entries(perTask).map(([name, { completed, failed }]) => [name, { completed, failed }])
  )
)
await pool.close()
