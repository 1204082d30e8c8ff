/// <reference types="node" />
import { EventEmitter } from 'node:events'
import type { PoolEvents, PoolStats } from './types/figures.js'
import type { GivenInput, NativeOutput, NativeTask } from './types/native-task.js'
import type {
  CloseOptions,
  ExecuteOptions,
  PoolOptions,
  Priority,
  PriorityOptions,
  ResizeOptions
} from './types/options.js'
import type { InlineTask } from './types/tasks.js'

export * from './types/figures.js'
export type { Bytes, GivenInput, InMemory, NativeOutput, NativeTask } from './types/native-task.js'
export * from './types/options.js'
export * from './types/tasks.js'

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
  /** What a worker exited with, where it is about that. */
  readonly exitCode?: number
  /**
   * True if a task threw it, as one does that uses a pool of its own: then all of it, `task` included, is about that
   * pool. What the pool itself has to say about a task of its own does not have this property.
   */
  readonly thrown?: true
  constructor(code: string, message: string, options?: { task?: string; cause?: unknown; exitCode?: number })
}

/**
 * Marks what a task returns, or a part of it, for transfer instead of copy: an ArrayBuffer, a view (its
 * ArrayBuffer is meant), a MessagePort or another transferable object. Returns `value` itself. A mark ends with the task
 * that made it, however that ends.
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
  /** A pool for a script, with a fixed number of workers or options. */
  constructor(script: string | URL, sizeOrOptions?: number | PoolOptions)
  /**
   * @throws PoolError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`, naming the option;
   * `ERR_NOT_SERIALIZABLE` for a `workerData` that cannot be cloned.
   */
  constructor(options?: PoolOptions)

  /**
   * Runs a self-contained function: it is sent as source, so it sees its arguments, globals, `require` and `import()`
   * (both as a file in the current directory would), and nothing of the scope it was written in. A worker compiles it when
   * it first runs it, and again if so many others have run there since that it was forgotten. O(log p) in the number of
   * distinct priorities that wait, as for every task.
   */
  execute<Input, Output>(
    task: InlineTask<Input, Output>,
    input?: Input,
    options?: ExecuteOptions
  ): Promise<Awaited<Output>>
  /**
   * Runs a function that the script exports by this name (`'default'` is its default export), or a native task of
   * `threadmill/native`. Only names that begin with `native:` are those of native tasks.
   */
  execute<Output = any, Input = unknown, Words = Record<never, never>, Word extends keyof Words = never>(
    task: string | NativeTask<Input, Output, Words>,
    input?: GivenInput<Input, Word>,
    options?: ExecuteOptions
  ): Promise<NativeOutput<Output, Words, Word>>

  /** Runs the script's default export. */
  run<Output = any>(input?: unknown, options?: ExecuteOptions): Promise<Output>

  /** `execute` at a priority. */
  priority<Input, Output>(
    level: Priority,
    task: InlineTask<Input, Output>,
    input?: Input,
    options?: PriorityOptions
  ): Promise<Awaited<Output>>
  priority<Output = any, Input = unknown, Words = Record<never, never>, Word extends keyof Words = never>(
    level: Priority,
    task: string | NativeTask<Input, Output, Words>,
    input?: GivenInput<Input, Word>,
    options?: PriorityOptions
  ): Promise<NativeOutput<Output, Words, Word>>

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
   * thread is gone. With `timeout`, terminates after so many milliseconds; with `cancelQueued`, tasks that
   * nobody is free to run reject with `ERR_POOL_CLOSED`.
   */
  close(options?: CloseOptions): Promise<void>

  /**
   * Ends at once: queued and running tasks reject with `ERR_POOL_TERMINATED`. Resolves when every thread is
   * gone, also if a worker is in an endless loop.
   */
  terminate(): Promise<void>

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>

  /**
   * Figures of this moment. O(e + p log p + n) for e workers and native threads, p distinct priorities that wait and n
   * names of tasks; not more for tasks that wait.
   */
  stats(): PoolStats
}
