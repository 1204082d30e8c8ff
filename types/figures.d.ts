import type { Readable } from 'node:stream'

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
  /**
   * Workers: all (those still starting included), running a task, ready for one. Apart from these, where there are any,
   * `spare` ones: in reserve, or about to take the place of one that is being stopped.
   */
  workers: { total: number; busy: number; idle: number; spare?: number }
  /** Native threads, likewise. */
  nativeThreads: { total: number; busy: number; idle: number }
  /**
   * Tasks that wait, without those that somebody is free to take: how many, for how many milliseconds the oldest, how
   * many of each priority. `held` more, with `whenFull: 'wait'`, wait for room in the queue; `length` never exceeds
   * `maxQueue` then.
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
  /**
   * Every task that has run, by name: of exports the 4,096 that were used last, of functions that came as source 512;
   * fewer if the names, or the sources, have more than 4 Mi characters together, and those of more than 512 Ki only while
   * they have tasks. Names that no export has are not among them, nor is a task of which each run was taken back: that is
   * neither `completed` nor `failed`. One that ran too long has `failed`.
   */
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

/**
 * The events of a WorkerPool, with what their listeners are given. They are called in the asynchronous context
 * (AsyncLocalStorage) in which the pool was made. A pool that nobody holds any more and that has nothing to do is
 * collected together with its listeners: what happens at its end, a `workerExit` or an `error` of a `teardown`, nobody
 * hears. Hold the pool, and close it, to be told.
 */
export interface PoolEvents {
  /** The queue is full: hold back until `drain`. */
  needsDrain: []
  /** The queue has room again. */
  drain: []
  /** Every `healthInterval` milliseconds, while somebody listens. */
  health: [report: HealthReport]
  /**
   * What nobody else is told: a worker could not be started, its script not loaded, set up or torn down, or it did not
   * end by itself. A worker that dies in between is told of by `workerExit`.
   */
  error: [error: unknown]
  /**
   * A worker is up: it has loaded the script and set it up, or told why not. With the options `stdout` and `stderr`
   * these are what it prints, for listeners that read it from the start.
   */
  workerStart: [worker: { workerId: number; stdout?: Readable; stderr?: Readable }]
  /** A worker has ended. `error` is what it died of, if it did; a worker that ended before its time may have no `exitCode`. */
  workerExit: [worker: { workerId: number; exitCode: number | undefined; error?: unknown }]
}
