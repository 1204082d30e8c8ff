/// <reference types="node" />
import type { nativeTask } from './native-task.js'

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
  /**
   * Aborts when the task is told to stop: by its own `signal`, whose reason crosses as an error that is thrown does, or
   * by a timeout, with an error named `TimeoutError` whose code is `ERR_TASK_TIMEOUT`.
   */
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

/** A JavaScript task. What it returns is copied back as `structuredClone` would (see `move`). */
export type TaskFunction<Input = any, Output = any> = (
  input: Input,
  context: TaskContext
) => Output | PromiseLike<Output>

/** A function of its own that `execute` takes, which native tasks, although functions, are not. */
export type InlineTask<Input = any, Output = any> = TaskFunction<Input, Output> & {
  readonly [nativeTask]?: never
}
