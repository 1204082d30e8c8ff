'use strict'

const { oneByOne } = require('../harness/load.js')
const { withPool } = require('../harness/pool.js')
const { median } = require('../harness/statistics.js')

const MEBIBYTE = 1 << 20

/** The median of the microseconds that one buffer takes there and back. */
async function thereAndBack(byteLength, trips, send) {
  let buffer = new Uint8Array(byteLength).fill(1).buffer
  const times = new Float64Array(trips)
  for (let i = 0; i < trips; i++) {
    const sent = buffer
    const start = performance.now()
    buffer = await send(sent)
    times[i] = performance.now() - start
    if (sent.byteLength !== 0 || buffer.byteLength !== byteLength)
      throw new Error(`a buffer of ${byteLength} bytes was not transferred there and back`)
  }
  return median(times) * 1000
}

const throughWorker = (pool) => (buffer) => pool.run('echoMoved', buffer, [buffer])
const throughNative = (pool) => (buffer) => pool.run('native:noop', { data: buffer }, [buffer])

module.exports = {
  name: 'buffers',
  title: 'an ArrayBuffer transferred there and back, one at a time, 1 worker or native thread',
  // poolifier can transfer what goes in, but copies what comes out.
  contenders: ['threadmill', 'piscina', 'tinypool', 'workerpool'],
  variants: [{ label: '', workers: 1 }],
  metrics: {
    worker1: { title: '1 MB, JavaScript task', unit: 'µs', better: 'less' },
    worker64: { title: '64 MB, JavaScript task', unit: 'µs', better: 'less' },
    native0: { title: 'native no-op without a buffer', unit: 'µs', better: 'less' },
    native1: { title: '1 MB, native task', unit: 'µs', better: 'less' },
    native64: { title: '64 MB, native task', unit: 'µs', better: 'less' }
  },
  targets: [
    { metric: 'worker1', of: 'piscina', most: 1 },
    { metric: 'worker64', of: 'piscina', most: 1 },
    { metric: 'native1', of: { metric: 'native0' }, most: 2 },
    { metric: 'native64', of: { metric: 'native0' }, most: 2 }
  ],
  measure: (contender, { workers, quick }) =>
    withPool(contender, { workers, task: 'echo', input: () => 1 }, async (pool) => {
      const trips = quick ? 200 : 1_000
      await thereAndBack(MEBIBYTE, trips, throughWorker(pool)) // compiles
      const figures = {
        worker1: await thereAndBack(MEBIBYTE, trips, throughWorker(pool)),
        worker64: await thereAndBack(64 * MEBIBYTE, trips / 4, throughWorker(pool))
      }
      if (contender.id !== 'threadmill') return figures

      const nothing = () => undefined
      await thereAndBack(MEBIBYTE, trips, throughNative(pool))
      await oneByOne(pool, 'native:noop', nothing, trips)
      return {
        ...figures,
        native0: median(await oneByOne(pool, 'native:noop', nothing, trips)) * 1000,
        native1: await thereAndBack(MEBIBYTE, trips, throughNative(pool)),
        native64: await thereAndBack(64 * MEBIBYTE, trips / 4, throughNative(pool))
      }
    })
}
