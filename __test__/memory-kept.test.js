'use strict'

// What native tasks have used and no longer use goes back to the system.

const { runProgram } = require('./support/processes.js')

/** Rounds of tasks that take blocks of megabytes, each on threads of its own. Prints how much memory stays, in MB. */
const PROGRAM = `
  const THREADS = 8
  const data = Buffer.alloc(2 << 20, 'words that come again, and ')
  for (let at = 0; at < data.length; at += 53) data[at] = (at * 2654435761) >>> 11
  const there = async (length, algorithm, pool) => {
    const packed = await pool.execute('native:compress', { data: data.subarray(0, length), algorithm })
    await pool.execute('native:decompress', { data: packed, algorithm })
  }
  const round = async (n) => {
    const pool = new WorkerPool({ nativeThreads: THREADS })
    const tasks = Array.from({ length: 2 * THREADS }, (_, task) =>
      there((1 + ((n + task) % 4)) * (data.length >> 2), ['zstd', 'brotli'][task % 2], pool)
    )
    await Promise.all(tasks)
    await pool.close()
    gc()
    await delay(5)
    gc()
  }
  const pool = new WorkerPool({ nativeThreads: 1 })
  await there(1000, 'zstd', pool)
  await pool.close()
  gc()
  const before = process.memoryUsage.rss()
  for (let n = 0; n < 6; n++) await round(n)
  console.log(((process.memoryUsage.rss() - before) / 1e6).toFixed(0))`

// Elsewhere the C library's allocator has all of it, and other rules.
const onLinux = process.platform === 'linux' ? test : test.skip

// With the C library's allocator 100 to 160 MB stay, in as many arenas as there were threads.
onLinux('compressors on native threads that come and go leave no memory behind', async () => {
  const { status, stdout, stderr } = await runProgram(PROGRAM, { flags: ['--expose-gc'], patience: 19_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(Number(stdout)).toBeLessThan(40)
})
