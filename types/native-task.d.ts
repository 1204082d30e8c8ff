/// <reference types="node" />

/** What marks a {@link NativeTask}. It exists in types alone. */
export declare const nativeTask: unique symbol

/**
 * A native task of `threadmill/native`, as `execute` takes it. `Words` has the output for each `encoding` that it can be
 * given in; a task without that option has none.
 */
export interface NativeTask<Input, Output, Words = Record<never, never>> {
  readonly [nativeTask]: { input: Input; output: Output; words: Words }
}

/** What a native task resolves to if its `encoding` is `Word`, or was left out. */
export type NativeOutput<Output, Words, Word extends keyof Words> = [Word] extends [never]
  ? Output
  : Words[Word]

/** What a task is given: a native task its input, with the `encoding` that decides its output; any other anything. */
export type GivenInput<Input, Word> =
  | (NoInfer<Input> & { encoding?: Word })
  | (unknown extends Input ? unknown : never)

/** Bytes, where no file is meant. A string stands for its UTF-8. */
export type InMemory = NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer | string

/** Bytes for a native task. A string stands for its UTF-8 and is never taken for a path. */
export type Bytes = InMemory | { path: string | URL }
