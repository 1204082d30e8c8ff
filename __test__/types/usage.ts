// Compiled, never run: what TypeScript users write, and what the compiler must refuse.
import {
  type ExecuteOptions,
  type HealthReport,
  move,
  PoolError,
  type PoolOptions,
  type PoolStats,
  type RetryOptions,
  type TaskContext,
  type WorkerInfo,
  WorkerPool
} from '../../index.js'
import { compress, decompress, hash, hmac, noop } from '../../native.js'

declare const bytes: Uint8Array

class AppError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message)
  }
}
abstract class AbstractError extends Error {}

async function usage(): Promise<void> {
  await using disposed = new WorkerPool()
  const pool = new WorkerPool(new URL('./tasks.js', 'file:///app/'), { maxWorkers: 2, aging: 100 })
  new WorkerPool('./tasks.js', 4)
  new WorkerPool({ script: './tasks.js', size: 4 })

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
  console.log(disposed, sum, awaited, named, ran, urgent, view, stats, error.code)

  // @ts-expect-error there is no such priority
  await pool.priority('soon', 'compute')
  // @ts-expect-error a number is nothing that could be transferred
  move(1)
  // @ts-expect-error there is no such option
  new WorkerPool({ threads: 4 })
}

async function nativeTasks(signal: AbortSignal, encoding: 'hex' | 'buffer'): Promise<void> {
  const pool = new WorkerPool({ nativeThreads: 2, nativeMemory: 1e9, niceIncrement: 10 })
  const digest: string = await pool.execute(hash, { data: bytes, algorithm: 'blake3', length: 64 })
  const raw: Buffer = await pool.execute(hash, { data: 'text', encoding: 'buffer' })
  const either: string | Buffer = await pool.execute(hash, { data: 'text', encoding })
  const file = { path: new URL('file:///tmp/x') }
  const packed: Buffer = await pool.execute(compress, { data: file, algorithm: 'zstd', level: 19 })
  const urgent: Buffer = await pool.priority('urgent', hmac, { data: 'x', key: bytes, encoding: 'buffer' })
  const untyped: Uint8Array = await pool.execute('native:decompress', { data: packed })
  await pool.execute(noop)

  const called: string = await hash({ data: 'x' })
  const calledRaw: Buffer = await hash({ data: 'x', encoding: 'buffer' }, { signal, priority: 'high' })
  const unpacked: Buffer = await decompress({ data: await compress({ data: 'x' }) })
  const same: Uint8Array = await noop({ data: bytes })
  const nothing: undefined = await noop()
  console.log(digest, raw, either, packed, urgent, untyped, called, calledRaw, unpacked, same, nothing)

  // @ts-expect-error there is no such algorithm
  await pool.execute(hash, { data: bytes, algorithm: 'md6' })
  // @ts-expect-error there is no such option
  await pool.execute(hash, { data: bytes, algoritm: 'md5' })
  // @ts-expect-error a number has no bytes
  await pool.execute(compress, { data: 5 })
  // @ts-expect-error compressed bytes have no encoding
  await pool.execute(compress, { data: 'x', encoding: 'hex' })
  // @ts-expect-error an HMAC has a key
  await pool.priority('low', hmac, { data: 'x' })
  // @ts-expect-error it is not called with a priority of its own, too
  await pool.priority('low', hash, { data: 'x' }, { priority: 1 })
  // @ts-expect-error there is no such option
  await hash({ data: 'x' }, { timeot: 5 })
  // @ts-expect-error without an encoding, it is text
  const wrong: Buffer = await hash({ data: 'x' })
  console.log(wrong)
}

async function limits(signal: AbortSignal): Promise<void> {
  const retries: RetryOptions = {
    max: 3,
    delay: [100, 1000] as const,
    maxDelay: 10_000,
    jitter: true,
    when: (error, attempt) => error instanceof RangeError && attempt < 3
  }
  const options: PoolOptions = {
    timeout: 1000,
    queueTimeout: Number.POSITIVE_INFINITY,
    retries,
    maxQueue: 'auto',
    whenFull: 'wait',
    strategy: 'least-loaded',
    concurrentTasksPerWorker: 8,
    maxTasksPerWorker: 1000,
    maxHeapBeforeRecycle: 2 ** 30,
    keepWorkerAfterStop: true,
    startTimeout: 5000,
    healthInterval: 1000,
    errorClasses: [PoolError, RangeError, AppError, AbstractError]
  }
  // @ts-expect-error: instances of it are no errors
  new WorkerPool({ errorClasses: [Map] })
  // @ts-expect-error: an instance is no class
  new WorkerPool({ errorClasses: [new Error('x')] })
  const pool = new WorkerPool('./tasks.js', options)
  const task: ExecuteOptions = { timeout: 100, queueTimeout: 100, signal, retries: 2, affinity: 7 }
  const sum: number = await pool.execute((n: number) => n + 1, 1, task)
  const low: number = await pool.priority('low', (n: number) => n, 1, { signal, affinity: 'user' })
  await pool.run(1, { retries: { max: 1, delay: 50, factor: 2 } })
  await pool.resize({ minWorkers: 1, maxWorkers: 8, nativeThreads: 2 })
  const { length, held }: { length: number; held: number } = pool.stats().queue
  console.log(sum, low, length, held)

  // @ts-expect-error retries need a number
  await pool.run(1, { retries: { delay: 100 } })
  // @ts-expect-error a controller is not its signal
  await pool.run(1, { signal: new AbortController() })
  // @ts-expect-error a key is a string or a number
  await pool.run(1, { affinity: Symbol('user') })
  // @ts-expect-error the queue of a pool is no option of a task
  await pool.run(1, { maxQueue: 1 })
  // @ts-expect-error the priority is given twice
  await pool.priority('low', 'compute', 1, { priority: 1 })
  // @ts-expect-error a pool has no size of its own to change
  await pool.resize({ size: 4 })
  // @ts-expect-error something is to change
  await pool.resize()
  // @ts-expect-error there is no such word
  new WorkerPool({ maxQueue: 'automatic' })
  // @ts-expect-error there is no such strategy
  new WorkerPool({ strategy: 'random' })
  // @ts-expect-error full queues reject or wait
  new WorkerPool({ whenFull: 'throw' })
}

function watching(pool: WorkerPool): void {
  pool
    .on('needsDrain', () => {})
    .once('drain', () => {})
    .on('error', (error: unknown) => console.error(error))
    .on('workerStart', ({ workerId }) => workerId.toFixed())
    .on('workerExit', ({ workerId, exitCode, error }) => console.log(workerId, exitCode?.toFixed(), error))
    .on('health', (report: HealthReport) => {
      for (const warning of report.warnings) {
        if (warning.kind === 'queue') console.log(warning.length, warning.oldestAge)
        else if (warning.kind === 'task')
          console.log(warning.task, warning.worker, warning.runningFor - warning.usual)
        else console.log(warning.deaths, warning.message)
      }
      console.log(report.status === 'ok', report.stats.queue.held)
    })
  if (pool.needsDrain) pool.off('error', console.error)

  // @ts-expect-error there is no such event
  pool.on('started', () => {})
  // @ts-expect-error a worker is told by its number
  pool.on('workerStart', (worker: number) => worker)
  // @ts-expect-error only the pool knows
  pool.needsDrain = false
}

/** What a script exports. */
export async function setup({ workerId }: WorkerInfo): Promise<void> {
  console.log(workerId)
}

export async function compute(url: string, context: TaskContext): Promise<number> {
  const response = await fetch(url, { signal: context.signal })
  let sum = 0
  for (const byte of new Uint8Array(await response.arrayBuffer())) {
    if (context.aborted) break
    sum += byte
  }
  // @ts-expect-error only the pool knows
  context.aborted = true
  return sum
}

void usage
void nativeTasks
void limits
void watching
