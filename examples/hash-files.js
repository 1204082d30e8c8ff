'use strict'

// Hashes every file below a directory on native threads, which read the files themselves: the main thread
// sees paths and digests, and no byte in between. Prints what `sha256sum` would.
//
//   node examples/hash-files.js [directory] [algorithm]

const { readdirSync } = require('node:fs')
const path = require('node:path')
const { WorkerPool } = require('threadmill')
const { hash } = require('threadmill/native')

const [directory = path.join(__dirname, '..', 'lib'), algorithm = 'sha256'] = process.argv.slice(2)

async function main() {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()

  const pool = new WorkerPool()
  const start = performance.now()
  const digests = await Promise.allSettled(
    files.map((file) => pool.execute(hash, { data: { path: file }, algorithm }))
  )
  const time = performance.now() - start
  await pool.close()

  for (const [index, { value, reason }] of digests.entries())
    console.log(`${value ?? `(${reason.code})`}  ${path.relative(directory, files[index])}`)
  console.log(`\n${files.length} files, ${algorithm}, ${time.toFixed(1)} ms`)
}

main()
