'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const PEERS = ['piscina', 'tinypool', 'workerpool', 'poolifier']

/** Read, not required: not every package exports its package.json. */
function versionOf(name) {
  const file = path.join(__dirname, '../../node_modules', name, 'package.json')
  return JSON.parse(fs.readFileSync(file, 'utf8')).version
}

/** What the figures depend on. */
function environment() {
  const cpus = os.cpus()
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: os.availableParallelism(),
    processor: cpus[0]?.model.trim() ?? 'unknown',
    load: os.loadavg()[0],
    date: new Date().toISOString(),
    peers: Object.fromEntries(PEERS.map((name) => [name, versionOf(name)]))
  }
}

function environmentLine({ node, platform, cores, processor, load, date, peers }) {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`)
  return `Node ${node}, ${platform}, ${cores} cores (${processor}), load ${load.toFixed(1)}, ${date}; ${versions.join(', ')}`
}

module.exports = { environment, environmentLine }
