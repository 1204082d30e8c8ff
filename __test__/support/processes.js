'use strict'

// Processes of their own, which cannot outlive their test.

const { spawn } = require('node:child_process')
const path = require('node:path')
const { FIXTURES, ROOT, TASKS } = require('./scripts.js')

/** The package, as the source of a program names it: `require(${FACE})`. */
const FACE = JSON.stringify(ROOT)

/** Runs node with these arguments; killed after `patience` milliseconds, which `timedOut` tells. */
function runNode(args, { patience = 10_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text
      })
    }
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, patience)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, timedOut, ...output })
    })
  })
}

/** What node prints, which has to end by itself, and with 0. */
async function outputOf(args, options) {
  const { code, signal, timedOut, stdout, stderr } = await runNode(args, options)
  if (timedOut)
    throw new Error(`the end of node ${args.join(' ')} did not come; it printed ${stdout}${stderr}`)
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}: ${stderr}`)
  return { stdout, stderr }
}

/** Runs a program of a few lines, which may await, and has `WorkerPool`, `TASKS`, gates and ways to wait at hand. */
async function runProgram(body, { flags = [], ...options } = {}) {
  const code = `
    const { WorkerPool } = require('.')
    const { entered, makeGate, open } = require('./__test__/support/gates.js')
    const { delay, until } = require('./__test__/support/waiting.js')
    const TASKS = ${JSON.stringify(TASKS)}
    ;(async () => {${body}})()`
  const result = await runNode([...flags, '-e', code], { cwd: ROOT, ...options })
  const { code: status, timedOut, stdout, stderr } = result
  return { status, timedOut, stdout, stderr }
}

/** Runs a program of fixtures/life/scenes.js. */
const runScene = (name, argument = '', options = undefined) =>
  runNode([path.join(FIXTURES, 'life', 'scenes.js'), name, argument], options)

module.exports = { FACE, outputOf, runNode, runProgram, runScene }
