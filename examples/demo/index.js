'use strict'

// One job, three ways: on the main thread, on Piscina's worker threads, on Threadmill. The files are those that
// `npm ci` has installed: text is counted in JavaScript, hashed with SHA-256 and compressed with gzip.

const { readFileSync } = require('node:fs')
const { availableParallelism, loadavg } = require('node:os')
const { disagreement } = require('./check.js')
const { installedFiles } = require('./files.js')
const { race } = require('./race.js')
const { table } = require('./table.js')

const CONTENDERS = ['main-thread', 'piscina', 'threadmill'].map((name) => require(`./contenders/${name}.js`))

async function main() {
  const { files, bytes } = installedFiles()
  const tasks = files.flatMap((file) => ['words', 'hash', 'compress'].map((task) => ({ task, file })))
  const cores = availableParallelism()
  const [load] = loadavg()
  console.log(
    `${files.length} files of ${(bytes / 1e6).toFixed(1)} MB from node_modules, ${tasks.length} tasks: ` +
      `words (JavaScript), hash and compress (native in Threadmill)\n` +
      `${cores} cores, Node ${process.versions.node}` +
      (load > cores / 2
        ? `; busy in the last minute (load ${load.toFixed(1)}), which may cost speed-up\n`
        : '\n')
  )
  for (const file of files) readFileSync(file) // the first contender would pay for the disk

  const races = []
  for (const contender of CONTENDERS) races.push(await race(contender, tasks))

  const difference = disagreement(races, tasks)
  if (difference !== undefined) {
    console.error(`\n${difference}`)
    process.exitCode = 1
    return
  }
  const { lines, words, identifiers } = totals(races[0].results)
  console.log(
    `\nAll three agree: ${lines.toLocaleString('en')} lines, ${words.toLocaleString('en')} words, ` +
      `${identifiers.toLocaleString('en')} identifiers; every hash is the same, and all that was ` +
      `compressed decompresses to its file.\n`
  )
  console.log(table(races))
}

function totals(results) {
  const sums = { lines: 0, words: 0, identifiers: 0 }
  for (const result of results)
    if (result.lines !== undefined) for (const name of Object.keys(sums)) sums[name] += result[name]
  return sums
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
