// Compiled, never run: what TypeScript users write, and what the compiler must refuse.
import { move, PoolError, type PoolStats, WorkerPool } from '../../index.js'

declare const bytes: Uint8Array

async function usage(): Promise<void> {
  await using disposed = new WorkerPool()
  const pool = new WorkerPool(new URL('./tasks.js', 'file:///app/'), { maxWorkers: 2, aging: 100 })
  new WorkerPool('./tasks.js', 4)
  new WorkerPool({ script: './tasks.js', size: 4 })

  const digest: string = await pool.execute('hash', { data: bytes, algorithm: 'blake3' })
  const raw: Buffer = await pool.execute('hash', { data: 'text', encoding: 'buffer' })
  const packed: Buffer = await pool.execute('compress', {
    data: { path: '/tmp/x' },
    algorithm: 'zstd',
    level: 19
  })
  const sum: number = await pool.execute((n: number) => n + 1, 41, { priority: 'high' })
  const awaited: string = await pool.execute(async (text: string) => text, 'x', {
    transfer: [bytes.buffer as ArrayBuffer]
  })
  const named: number = await pool.execute<number>('compute', { value: 10 })
  const ran: string = await pool.run<string>(1)
  const urgent: number = await pool.priority('urgent', (n: number) => n, 1)
  const view: Uint8Array = move(bytes)
  const stats: PoolStats = pool.stats()
  await pool.close({ timeout: 100, cancelQueued: true })
  await pool.terminate()
  const error = new PoolError('ERR_POOL_CLOSED', 'closed')
  console.log(disposed, digest, raw, packed, sum, awaited, named, ran, urgent, view, stats, error.code)

  // @ts-expect-error there is no such algorithm
  await pool.execute('hash', { data: bytes, algorithm: 'md6' })
  // @ts-expect-error a number has no bytes
  await pool.execute('compress', { data: 5 })
  // @ts-expect-error there is no such priority
  await pool.priority('soon', 'compute')
  // @ts-expect-error a number is nothing that could be transferred
  move(1)
  // @ts-expect-error there is no such option
  new WorkerPool({ threads: 4 })
}

void usage
