/// <reference types="node" />
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
  delay?: number | readonly number[] | undefined
  /** Each further delay is so many times the one before. From 1, finite; not together with a list. Default 1. */
  factor?: number | undefined
  /** No delay is longer. Default `Infinity`. */
  maxDelay?: number | undefined
  /** Waits a random part of the delay instead of all of it, so that tasks do not come back all at once. Default false. */
  jitter?: boolean | undefined
  /**
   * Whether to run again after `error`, which the run number `attempt` ended with; the first is 1. Runs in the
   * thread that submitted the task, in the asynchronous context of that call, and may answer with a promise, which has
   * five seconds: a task whose condition throws or does not answer is not tried again, and rejects with
   * `ERR_INVALID_ARG_VALUE`. Default: after every error.
   */
  when?: ((error: unknown, attempt: number) => boolean | Promise<boolean>) | undefined
}

/** A class of errors, whatever its constructor takes. */
export type ErrorClass = abstract new (...args: any[]) => Error

/**
 * Options of a pool. All times are milliseconds. An option that does not exist is refused. As everywhere in this
 * package, options count whether they are the object's own or come with its class or prototype; only what stands on
 * `Object.prototype` does not.
 */
export interface PoolOptions {
  /**
   * The module whose exported functions are the pool's JavaScript tasks: ESM, CommonJS, or TypeScript where
   * the running Node (or a loader in `execArgv`) can load it. An absolute path, a relative path (looked up
   * beside the calling module, then in the current directory), a `file:` URL or a `data:` URL. A file must be there
   * when the pool is made.
   */
  script?: string | URL | undefined
  /** A fixed number of workers: sets `minWorkers` and `maxWorkers`. From 1 to 4096. */
  size?: number | undefined
  /** Workers that are started at once and kept although idle. Default 0: they start with the first task. */
  minWorkers?: number | undefined
  /** Most workers at a time. Default `os.availableParallelism()`. */
  maxWorkers?: number | undefined
  /** Most native threads; they start when the first native tasks come. Default `os.availableParallelism()`. */
  nativeThreads?: number | undefined
  /**
   * Most bytes that native tasks hold at a time, together, while they run; one that asks for more rejects with
   * `ERR_OUT_OF_MEMORY`. From 1. Default `Infinity`: no limit.
   */
  nativeMemory?: number | undefined
  /**
   * How much nicer the pool's threads are than the one that makes the pool, on Linux; elsewhere it changes nothing. The
   * system caps it at a niceness of 19. What a worker starts inherits it. A whole number from 0 to 39. Default 0.
   */
  niceIncrement?: number | undefined
  /**
   * How long a worker above `minWorkers`, or a native thread, may idle before it is retired. Default 30 000; `Infinity`
   * for ever.
   */
  idleTimeout?: number | undefined
  /** The waiting that raises a queued task's effective priority by 1. Default 0: no aging. */
  aging?: number | undefined
  /** Part of the names of the pool's threads. Default `'threadmill'`. */
  name?: string | undefined
  /** The `timeout` of tasks that have none of their own. Above 0. Default `Infinity`: none. */
  timeout?: number | undefined
  /** The `queueTimeout` of tasks that have none of their own. Above 0. Default `Infinity`: none. */
  queueTimeout?: number | undefined
  /** The `retries` of tasks that have none of their own: most runs after the first, or more about them. Default 0. */
  retries?: number | RetryOptions | undefined
  /**
   * Most tasks that wait; one that somebody is free to take does not. A whole number from 0 or `Infinity`, which is the
   * default; `'auto'` is the square of `maxWorkers + nativeThreads`.
   */
  maxQueue?: number | 'auto' | undefined
  /**
   * What becomes of a task that comes when `maxQueue` tasks wait: `'reject'`, the default, rejects it with
   * `ERR_QUEUE_FULL`; `'wait'` holds it until there is room.
   */
  whenFull?: 'reject' | 'wait' | undefined
  /**
   * Which worker runs a task: `'shared'`, the default, the first that is idle, as all take from one queue;
   * `'round-robin'` each in turn; `'least-loaded'` the one with the fewest tasks.
   */
  strategy?: 'shared' | 'round-robin' | 'least-loaded' | undefined
  /** Most tasks that one worker has under way: more than 1 lets tasks run while others await. From 1 to 1024. Default 1. */
  concurrentTasksPerWorker?: number | undefined
  /** A worker is replaced after so many tasks. A whole number from 1. Default `Infinity`: never. */
  maxTasksPerWorker?: number | undefined
  /**
   * A worker is replaced after a task that leaves more bytes than this in its heap; it takes further tasks until its
   * successor is up. Above 0. Default `Infinity`: never.
   */
  maxHeapBeforeRecycle?: number | undefined
  /**
   * Keeps a worker in which a task had to be cut off or left behind. Default false: it runs no other task and is
   * replaced at once, as what its modules hold may be half changed.
   */
  keepWorkerAfterStop?: boolean | undefined
  /**
   * Workers beyond those on duty, started ahead and with the script loaded. They take no task until they step in for a
   * worker that is stopped or dies, or when the pool grows. From 0 to 4096. Default 0.
   */
  spareWorkers?: number | undefined
  /** The longest that a worker may take to load the script and run its `setup`. Above 0. Default 30 000; `Infinity`: no limit. */
  startTimeout?: number | undefined
  /** The time between two `health` events. From 1, finite. Default 5000. */
  healthInterval?: number | undefined
  /**
   * Errors that tasks throw arrive as instances of these classes, which are told by name: `error instanceof MyError`
   * holds if the class that was thrown, or one that it extends, has the name of one of these. Where several do, it is the
   * nearest. The constructor is not called: the error has the prototype of the class, and the properties that were sent.
   * Without it an error of a class of your own is an instance of the built-in class that it extends, and shows the name of
   * its own.
   */
  errorClasses?: readonly ErrorClass[] | undefined
  /** As in node:worker_threads, for every worker. A worker that exceeds them rejects its task with `ERR_WORKER_OUT_OF_MEMORY`. */
  resourceLimits?: ResourceLimits | undefined
  /** As in node:worker_threads. */
  env?: NodeJS.Dict<string> | typeof SHARE_ENV | undefined
  /** As in node:worker_threads. */
  argv?: string[] | undefined
  /** As in node:worker_threads. */
  execArgv?: string[] | undefined
  /** What the script reads as `workerData` of node:worker_threads. Cloned for each worker. */
  workerData?: any
  /**
   * Does not pass on what workers print: a listener of `'workerStart'` gets it as the stream `stdout`. What nobody reads
   * is dropped. Default false.
   */
  stdout?: boolean | undefined
  /** The same for `stderr`. Default false. */
  stderr?: boolean | undefined
  /** As in node:worker_threads. */
  trackUnmanagedFds?: boolean | undefined
}

/** Options of one task. All times are milliseconds. An option that does not exist is refused. */
export interface ExecuteOptions {
  /** Larger runs first, equals in the order they came. Default `'normal'`, which is 0. */
  priority?: Priority | undefined
  /**
   * Objects that are handed over instead of copied: they are detached here at once and belong to the task.
   * Native tasks take ArrayBuffers only.
   */
  transfer?: readonly Transferable[] | undefined
  /**
   * The longest that it may run, counted from the start of the run. Beyond, it is stopped and rejects with
   * `ERR_TASK_TIMEOUT`. Above 0; `Infinity` for none. Default: the pool's.
   */
  timeout?: number | undefined
  /**
   * The longest that it may wait for its run. Beyond, it rejects with `ERR_QUEUE_TIMEOUT` and never runs. Above 0;
   * `Infinity` for none. Default: the pool's.
   */
  queueTimeout?: number | undefined
  /** Takes the task back, queued or running: it rejects with the signal's `reason`. */
  signal?: AbortSignal | undefined
  /** Most runs after the first if it fails, or more about them; 0 for none. Default: the pool's. */
  retries?: number | RetryOptions | undefined
  /** Tasks of one key run on the same worker while that lives; a number counts as its text. Not NaN or infinite. */
  affinity?: string | number | undefined
}

/** Options of a task that is given its priority as an argument. */
export type PriorityOptions = Omit<ExecuteOptions, 'priority'>

/** Options of `WorkerPool.close()`. An option that does not exist is refused. */
export interface CloseOptions {
  /** Milliseconds after which the pool is terminated. From 0. Default none. */
  timeout?: number | undefined
  /**
   * Rejects tasks that wait, for somebody who is free or for another try, with `ERR_POOL_CLOSED`. One that somebody is
   * free to take counts as running. Default false.
   */
  cancelQueued?: boolean | undefined
}

/** Options of `WorkerPool.resize()`, as in {@link PoolOptions}: at least one. An option that does not exist is refused. */
export interface ResizeOptions {
  minWorkers?: number | undefined
  maxWorkers?: number | undefined
  nativeThreads?: number | undefined
}
