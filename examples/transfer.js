'use strict'

// Pixels to a worker and back: copied, and handed over with `transfer` and `move`. This file is the program
// and the pool's script in one.
//
//   node examples/transfer.js

const { isMainThread } = require('node:worker_threads')
const { WorkerPool, move } = require('threadmill')

const [WIDTH, HEIGHT] = [3840, 2160]

/** Inverts the colours and leaves the alpha. */
function invert(pixels) {
  const words = new Uint32Array(pixels.buffer)
  for (let i = 0; i < words.length; i++) words[i] ^= 0x00ffffff // little endian: A B G R
  return pixels
}

exports.copied = (pixels) => invert(pixels)
exports.moved = (pixels) => move(invert(pixels))

async function main() {
  const pool = new WorkerPool(__filename, 1)
  await pool.ready()
  const megabytes = (WIDTH * HEIGHT * 4) / 1e6
  console.log(`A picture of ${WIDTH} × ${HEIGHT}, ${megabytes.toFixed(0)} MB, inverted twice by a worker\n`)

  for (const task of ['copied', 'moved']) {
    const original = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(200)
    let pixels = original
    const start = performance.now()
    for (let pass = 0; pass < 2; pass++) {
      const options = task === 'moved' ? { transfer: [pixels.buffer] } : {}
      pixels = await pool.execute(task, pixels, options)
    }
    const time = performance.now() - start
    const intact = pixels.length === WIDTH * HEIGHT * 4 && pixels.every((value) => value === 200)
    console.log(
      `${task.padEnd(7)} ${time.toFixed(0).padStart(4)} ms, ${intact ? 'as before' : 'damaged'}; ` +
        `the sender is left with ${original.length === 0 ? 'an empty view' : 'a picture of its own'}`
    )
  }
  await pool.close()
}

if (isMainThread) main()
