/// <reference types="node" />
import { EventEmitter } from 'node:events'
import type { Transferable as NodeTransferable, ResourceLimits, SHARE_ENV } from 'node:worker_threads'

/** What `transfer` lists: ArrayBuffers, MessagePorts and whatever else node:worker_threads can transfer. */
export type Transferable = NodeTransferable | ArrayBuffer | { postMessage(value: any): void; close(): void }

/** A larger number runs first. By name: lowest −20, low −10, normal 0, high 10, urgent 20. */
export type Priority = number | 'lowest' | 'low' | 'normal' | 'high' | 'urgent'

/** How often and when a task that failed runs again. All times are milliseconds. An option that does not exist is refused. */
export interface RetryOptions {
  /** Most runs after the first. A whole number from 0 to 1 000 000; 0 means none. */
  max: number
  /**
   * The wait before a retry, finite. A list has one for each retry, and its last one for all further retries.
   * Default 0.
   */
  delay?: number | readonly number[]
  /** Each further delay is so many times the one before. From 1, finite; not together with a list. Default 1. */
  factor?: number
  /** No delay is longer. Default `Infinity`. */
  maxDelay?: number
  /** Waits a random part of the delay instead of all of it, so that tasks do not come back all at once. Default false. */
  jitter?: boolean
  /**
   * Whether to run again after `error`, which the run number `attempt` ended with; the first is 1. Runs in the
   * thread that submitted the task, and may take its time. Default: after every error.
   */
  when?: (error: unknown, attempt: number) => boolean | Promise<boolean>
}

/** Options of a pool. All times are milliseconds. An option that does not exist is refused. */
export interface PoolOptions {
  /**
   * The module whose exported functions are the pool's JavaScript tasks: ESM, CommonJS, or TypeScript where
   * the running Node (or a loader in `execArgv`) can load it. An absolute path, a relative path (looked up
   * beside the calling module, then in the current directory), a `file:` URL or a `data:` URL.
   */
  script?: string | URL
  /** A fixed number of workers: sets `minWorkers` and `maxWorkers`. From 1 to 4096. */
  size?: number
  /** Workers that are started at once and kept although idle. Default 0: they start with the first task. */
  minWorkers?: number
  /** Most workers at a time. Default `os.availableParallelism()`. */
  maxWorkers?: number
  /** Most native threads; they start when the first native tasks come. Default `os.availableParallelism()`. */
  nativeThreads?: number
  /** How long a worker above `minWorkers` may idle before it is retired. Default 30 000; `Infinity` for ever. */
  idleTimeout?: number
  /** The waiting that raises a queued task's effective priority by 1. Default 0: no aging. */
  aging?: number
  /** Part of the names of the pool's threads. Default `'threadmill'`. */
  name?: string
  /** The `timeout` of tasks that have none of their own. Above 0. Default `Infinity`: none. */
  timeout?: number
  /** The `queueTimeout` of tasks that have none of their own. Above 0. Default `Infinity`: none. */
  queueTimeout?: number
  /** The `retries` of tasks that have none of their own: most runs after the first, or more about them. Default 0. */
  retries?: number | RetryOptions
  /**
   * Most tasks that wait. A whole number from 0 or `Infinity`, which is the default; `'auto'` is the square of
   * `maxWorkers + nativeThreads`.
   */
  maxQueue?: number | 'auto'
  /**
   * What becomes of a task that comes when `maxQueue` tasks wait: `'reject'`, the default, rejects it with
   * `ERR_QUEUE_FULL`; `'wait'` holds it until there is room.
   */
  whenFull?: 'reject' | 'wait'
  /**
   * Which worker runs a task: `'shared'`, the default, the first that is idle, as all take from one queue;
   * `'round-robin'` each in turn; `'least-loaded'` the one with the fewest tasks.
   */
  strategy?: 'shared' | 'round-robin' | 'least-loaded'
  /** Most tasks that one worker has under way: more than 1 lets tasks run while others await. From 1 to 1024. Default 1. */
  concurrentTasksPerWorker?: number
  /** A worker is replaced after so many tasks. A whole number from 1. Default `Infinity`: never. */
  maxTasksPerWorker?: number
  /** A worker is replaced after a task that leaves more bytes than this in its heap. Above 0. Default `Infinity`: never. */
  maxHeapBeforeRecycle?: number
  /**
   * Keeps a worker whose synchronous task had to be stopped. Default false: it is replaced, as what its modules
   * hold may be half changed.
   */
  keepWorkerAfterStop?: boolean
  /** The longest that a worker may take to load the script and run its `setup`. Above 0. Default 30 000; `Infinity`: no limit. */
  startTimeout?: number
  /** The time between two `health` events. From 1, finite. Default 5000. */
  healthInterval?: number
  /** As in node:worker_threads, for every worker. A worker that exceeds them rejects its task with `ERR_WORKER_OUT_OF_MEMORY`. */
  resourceLimits?: ResourceLimits
  /** As in node:worker_threads. */
  env?: NodeJS.Dict<string> | typeof SHARE_ENV
  /** As in node:worker_threads. */
  argv?: string[]
  /** As in node:worker_threads. */
  execArgv?: string[]
  /** What the script reads as `workerData` of node:worker_threads. Cloned for each worker. */
  workerData?: any
  /** As in node:worker_threads. */
  stdout?: boolean
  /** As in node:worker_threads. */
  stderr?: boolean
  /** As in node:worker_threads. */
  trackUnmanagedFds?: boolean
}

/** Options of one task. All times are milliseconds. An option that does not exist is refused. */
export interface ExecuteOptions {
  /** Larger runs first, equals in the order they came. Default `'normal'`, which is 0. */
  priority?: Priority
  /**
   * Objects that are handed over instead of copied: they are detached here at once and belong to the task.
   * Native tasks take ArrayBuffers only.
   */
  transfer?: readonly Transferable[]
  /**
   * The longest that it may run, counted from the start of the run. Beyond, it is stopped and rejects with
   * `ERR_TASK_TIMEOUT`. Above 0; `Infinity` for none. Default: the pool's.
   */
  timeout?: number
  /**
   * The longest that it may wait for its run. Beyond, it rejects with `ERR_QUEUE_TIMEOUT` and never runs. Above 0;
   * `Infinity` for none. Default: the pool's.
   */
  queueTimeout?: number
  /** Takes the task back, queued or running: it rejects with the signal's `reason`. */
  signal?: AbortSignal
  /** Most runs after the first if it fails, or more about them; 0 for none. Default: the pool's. */
  retries?: number | RetryOptions
  /** Tasks of one key run on the same worker while that lives; a number counts as its text. Not NaN or infinite. */
  affinity?: string | number
}

/** Options of {@link WorkerPool.close}. An option that does not exist is refused. */
export interface CloseOptions {
  /** Milliseconds after which the pool is terminated. From 0. Default none. */
  timeout?: number
  /** Rejects tasks that do not run yet with `ERR_POOL_CLOSED`. Default false. */
  cancelQueued?: boolean
}

/** Options of {@link WorkerPool.resize}, as in {@link PoolOptions}: at least one. An option that does not exist is refused. */
export interface ResizeOptions {
  minWorkers?: number
  maxWorkers?: number
  nativeThreads?: number
}

/** What a JavaScript task is told about itself, as its second argument. */
export interface TaskContext {
  /** The task's number in its pool, from 0 in the order of submission. */
  readonly taskId: number
  /** 1 for the first run. */
  readonly attempt: number
  /** The priority it was submitted with, as a number. */
  readonly priority: number
  /** The worker that runs it; unique in the pool. */
  readonly workerId: number
  /** Aborts when the task is told to stop: by its own `signal` or a timeout. */
  readonly signal: AbortSignal
  /** Whether the task has been told to stop. True as soon as that is so, also in the middle of a synchronous loop. */
  readonly aborted: boolean
}

/**
 * What a script's `setup(info)` is told about the worker it runs in. A script may export `setup` and `teardown`, which
 * may be asynchronous: `setup` runs in each worker before its first task (if it fails, so does the start of the worker),
 * `teardown` without arguments before a worker ends gracefully.
 */
export interface WorkerInfo {
  /** The worker's number; unique in the pool. */
  readonly workerId: number
}

/** A JavaScript task. What it returns is copied back as `structuredClone` would (see {@link move}). */
export type TaskFunction<Input = any, Output = any> = (
  input: Input,
  context: TaskContext
) => Output | PromiseLike<Output>

/** Bytes for a native task. A string stands for its UTF-8 and is never taken for a path. */
export type Bytes = NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | { path: string | URL }

/** Input of the native task `hash`. */
export interface HashInput {
  data: Bytes
  /** Default `'sha256'`. */
  algorithm?: 'sha256' | 'sha512' | 'sha1' | 'md5' | 'sha3-256' | 'blake3' | 'xxh3' | 'crc32'
  /** As in `hash.digest()` of node:crypto; default `'hex'`. `'buffer'` gives a Buffer. */
  encoding?: 'hex' | 'base64' | 'base64url' | 'binary' | 'latin1' | 'buffer'
}

/** Formats of the native tasks `compress` and `decompress`. `'deflate'` is the zlib format, as in node:zlib. */
export type CompressionAlgorithm = 'gzip' | 'deflate' | 'brotli' | 'zstd'

/** Input of the native task `compress`. */
export interface CompressInput {
  data: Bytes
  /** Default `'gzip'`. */
  algorithm?: CompressionAlgorithm
  /** gzip and deflate 0–9 (default 6), brotli 0–11 (default 5), zstd 1–22 (default 3). */
  level?: number
  /** Bytes beyond which the task rejects with `ERR_BUFFER_TOO_LARGE`. Default none. */
  maxOutputLength?: number
}

/** Input of the native task `decompress`. */
export interface DecompressInput {
  data: Bytes
  /** Default `'gzip'`. */
  algorithm?: CompressionAlgorithm
  /** Bytes beyond which the task rejects with `ERR_BUFFER_TOO_LARGE`. Default none. */
  maxOutputLength?: number
}

/** The native tasks: what `execute` takes by these names, whatever script the pool has. `xxh3` is its 64-bit variant, seed 0. */
export interface NativeTasks {
  /** A digest of the bytes, computed in one pass without holding a file whole. */
  hash(input: HashInput & { encoding: 'buffer' }): Buffer
  hash(input: HashInput): string
  /** Rejects with `ERR_BUFFER_TOO_LARGE`, never holds more than `maxOutputLength`. */
  compress(input: CompressInput): Buffer
  /** Rejects with `ERR_CORRUPT_DATA` if the bytes are not whole and right. */
  decompress(input: DecompressInput): Buffer
  /** Does nothing and gives `data` back as it came: the price of a task. With `panic`, panics with these words. */
  noop<Data>(input?: { data?: Data; panic?: string }): Data | undefined
}

/** Times in milliseconds, over all tasks so far; quantiles are right to two figures. All 0 before the first. */
export interface Times {
  mean: number
  p50: number
  p90: number
  p99: number
  max: number
}

/** A pool's figures; all of them were true at one moment. */
export interface PoolStats {
  /** The pool's name. */
  name: string
  /** Workers: all (those still starting included), running a task, ready for one. */
  workers: { total: number; busy: number; idle: number }
  /** Native threads, likewise. */
  nativeThreads: { total: number; busy: number; idle: number }
  /**
   * Tasks that wait: how many, for how many milliseconds the oldest, how many of each priority. `held` more, with
   * `whenFull: 'wait'`, wait for room in the queue; `length` never exceeds `maxQueue` then.
   */
  queue: { length: number; held: number; oldestAge: number; byPriority: Record<string, number> }
  /**
   * Tasks so far. `failed` ones rejected with an error of their own or because their worker died, `cancelled` ones
   * because they were taken back or the pool was terminated, `timedOut` ones because they waited or ran too long.
   * `retried` counts runs after the first of their task.
   */
  tasks: {
    submitted: number
    completed: number
    failed: number
    cancelled: number
    timedOut: number
    retried: number
  }
  /** From submit to start. */
  waitTime: Times
  /** From start to end, as Rust saw it. */
  runTime: Times
  /** The part of their lives, 0 to 1, that workers and native threads have spent in tasks, on average. */
  utilization: number
  /** Every worker and native thread. */
  perWorker: Array<{
    id: number
    kind: 'javascript' | 'native'
    busy: boolean
    tasks: number
    busyTime: number
    utilization: number
  }>
  /** Every task that has run, by name. */
  perTask: Record<
    string,
    {
      kind: 'javascript' | 'native'
      completed: number
      failed: number
      runTime: { mean: number; max: number }
    }
  >
}

/** Something that deserves a look before it becomes a failure. All times are milliseconds. */
export type HealthWarning =
  /** Tasks come faster than they are done: so many wait, the oldest for `oldestAge`. */
  | { kind: 'queue'; message: string; length: number; oldestAge: number }
  /** A task has been running on a worker for much longer than is `usual` for it. */
  | { kind: 'task'; message: string; task: string; worker: number; runningFor: number; usual: number }
  /** So many workers have died of late. */
  | { kind: 'worker'; message: string; deaths: number }

/** How a pool is: `'warning'` if there are warnings. */
export interface HealthReport {
  status: 'ok' | 'warning'
  warnings: HealthWarning[]
  stats: PoolStats
}

/** The events of a {@link WorkerPool}, with what their listeners are given. */
export interface PoolEvents {
  /** The queue is full: hold back until `drain`. */
  needsDrain: []
  /** The queue has room again. */
  drain: []
  /** Every `healthInterval` milliseconds, while somebody listens. */
  health: [report: HealthReport]
  /** What went wrong outside of any task, such as a worker that cannot start. */
  error: [error: unknown]
  /** A worker is up: it has loaded the script and set it up, or told why not. */
  workerStart: [worker: { workerId: number }]
  /** A worker has ended. `error` is what it died of, if it did; a worker that ended before its time may have no `exitCode`. */
  workerExit: [worker: { workerId: number; exitCode: number | undefined; error?: unknown }]
}

/** Codes of {@link PoolError}. Native tasks also use those of the operating system, such as `ENOENT`. */
export type PoolErrorCode =
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_TERMINATED'
  | 'ERR_QUEUE_FULL'
  | 'ERR_QUEUE_TIMEOUT'
  | 'ERR_TASK_TIMEOUT'
  | 'ERR_TASK_NOT_FOUND'
  | 'ERR_TASK_PANIC'
  | 'ERR_SCRIPT_LOAD'
  | 'ERR_WORKER_EXITED'
  | 'ERR_WORKER_OUT_OF_MEMORY'
  | 'ERR_NOT_SERIALIZABLE'
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_BUFFER_TOO_LARGE'
  | 'ERR_CORRUPT_DATA'
  | 'ERR_OUT_OF_MEMORY'

/**
 * An error of the pool, as opposed to one that a task threw, which arrives as it was thrown. Its `name` is
 * `'TimeoutError'` with the codes `ERR_TASK_TIMEOUT` and `ERR_QUEUE_TIMEOUT`, otherwise `'PoolError'`.
 */
export class PoolError extends Error {
  /** Which error it is. */
  readonly code: PoolErrorCode | (string & {})
  /** The task it is about, where there is one. */
  readonly task?: string
  /** What led to it, where there is something. */
  readonly cause?: unknown
  constructor(code: string, message: string, options?: { task?: string; cause?: unknown })
}

/**
 * Marks what a task returns, or a part of it, for transfer instead of copy: an ArrayBuffer, a view (its
 * ArrayBuffer is meant), a MessagePort or another transferable object. Returns `value` itself.
 *
 * @throws PoolError `ERR_INVALID_ARG_TYPE` if `value` is nothing that could be transferred.
 */
export function move<T extends object>(value: T): T

/**
 * One pool that runs JavaScript tasks on worker threads and native tasks on Rust threads.
 *
 * Every method that is about tasks or the pool's life returns a promise of the caller's realm, also for bad arguments;
 * only the constructor throws.
 * An idle pool does not keep the process alive, an unsettled task does.
 */
export class WorkerPool extends EventEmitter<PoolEvents> implements AsyncDisposable {
  /** @throws PoolError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`, naming the option. */
  constructor(options?: PoolOptions)
  /** A pool for a script, with a fixed number of workers or options. */
  constructor(script: string | URL, sizeOrOptions?: number | PoolOptions)

  /** Runs a native task. O(log p) in the number of distinct priorities waiting. */
  execute(task: 'hash', input: HashInput & { encoding: 'buffer' }, options?: ExecuteOptions): Promise<Buffer>
  execute(task: 'hash', input: HashInput, options?: ExecuteOptions): Promise<string>
  execute(task: 'compress', input: CompressInput, options?: ExecuteOptions): Promise<Buffer>
  execute(task: 'decompress', input: DecompressInput, options?: ExecuteOptions): Promise<Buffer>
  execute<
    Data extends NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string | undefined = undefined
  >(
    task: 'noop',
    input?: { data?: Data; panic?: string },
    options?: ExecuteOptions
  ): Promise<Data | undefined>
  /**
   * Runs a self-contained function: it is sent as source, so it sees its arguments, globals and `require`, and
   * nothing of the scope it was written in. Compiled once per worker.
   */
  execute<Input, Output>(
    task: TaskFunction<Input, Output>,
    input?: Input,
    options?: ExecuteOptions
  ): Promise<Awaited<Output>>
  /** Runs a function that the script exports by this name; `'default'` is its default export. */
  execute<Output = any, Name extends string = string>(
    task: Name extends keyof NativeTasks ? never : Name,
    input?: unknown,
    options?: ExecuteOptions
  ): Promise<Output>

  /** Runs the script's default export. */
  run<Output = any>(input?: unknown, options?: ExecuteOptions): Promise<Output>

  /** `execute` at a priority. */
  priority<Input, Output>(
    level: Priority,
    task: TaskFunction<Input, Output>,
    input?: Input,
    options?: Omit<ExecuteOptions, 'priority'>
  ): Promise<Awaited<Output>>
  priority<Output = any>(
    level: Priority,
    task: string,
    input?: unknown,
    options?: Omit<ExecuteOptions, 'priority'>
  ): Promise<Output>

  /**
   * Resolves once `minWorkers` workers are up and have loaded the script; rejects with the reason if one
   * cannot.
   */
  ready(): Promise<void>

  /** Whether the queue is full, so that whoever submits should wait for the event `drain`. */
  readonly needsDrain: boolean

  /**
   * Changes how many workers and native threads there may be; what is left out stays as it is. Resolves once the
   * workers that this asks for are up and those beyond the new maximum are gone, which finish their tasks first.
   * Rejects with `ERR_OUT_OF_RANGE` if `minWorkers` were to exceed `maxWorkers`, given or current.
   */
  resize(options: ResizeOptions): Promise<void>

  /**
   * Takes no more tasks (they reject with `ERR_POOL_CLOSED`), lets those it has finish, and resolves when every
   * thread is gone. With `timeout`, terminates after so many milliseconds; with `cancelQueued`, tasks that do
   * not run yet reject with `ERR_POOL_CLOSED`.
   */
  close(options?: CloseOptions): Promise<void>

  /**
   * Ends at once: queued and running tasks reject with `ERR_POOL_TERMINATED`. Resolves when every thread is
   * gone, also if a worker is in an endless loop.
   */
  terminate(): Promise<void>

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>

  /** Figures of this moment. O(tasks waiting). */
  stats(): PoolStats
}
