/// <reference types="node" />
// Made by scripts/native-reference.js from what the native tasks declare of themselves.

import type { Bytes, InMemory, NativeTask } from './types/native-task.js'
import type { ExecuteOptions } from './types/options.js'

/** Input of the native task `noop`. */
export interface NoopInput {
  /** What the task resolves to, as it came. */
  data?: InMemory
}

/** Does nothing, and resolves to `data` as it came: the price of a task. */
export const noop: NativeTask<NoopInput, any> & {
  <Given extends NoopInput['data'] = undefined>(
    input?: Omit<NoopInput, 'data'> & { data?: Given },
    options?: ExecuteOptions
  ): Promise<Given>
}

/** Input of the native task `hash`. */
export interface HashInput {
  /** The bytes to digest. */
  data: Bytes
  /**
   * The hash or the checksum. `xxh3` is its 64-bit variant without a seed, and `xxh64` has none either;
   * `crc32` is that of zlib, `crc32c` that of Castagnoli. A checksum is big-endian. Default 'sha256'.
   */
  algorithm?: 'sha256' | 'sha512' | 'sha1' | 'md5' | 'sha3-256' | 'blake3' | 'xxh3' | 'crc32' | 'sha224' | 'sha384' | 'sha3-224' | 'sha3-384' | 'sha3-512' | 'blake2b' | 'blake2s' | 'crc32c' | 'xxh64'
  /** How the digest is shown, as in `hash.digest()` of node:crypto; `buffer` gives a Buffer. Default 'hex'. */
  encoding?: 'hex' | 'base64' | 'base64url' | 'binary' | 'latin1' | 'buffer'
  /**
   * A secret, without which nobody gets the same digest. `blake3` takes 32 bytes exactly. By the algorithm:
   * blake2b 1 to 64 bytes, blake2s 1 to 32 bytes, blake3 32 bytes; no other has it.
   */
  key?: InMemory
  /**
   * Length of the digest; without it, the longest of `blake2b` and `blake2s`, and 32 bytes of `blake3`. By
   * the algorithm: blake2b 1 to 64 bytes, blake2s 1 to 32 bytes, blake3 1 to 1048576 bytes; no other has
   * it.
   */
  length?: number
}

/**
 * Digests bytes. With `blake3`, more than 4 MiB in memory are digested with the help of threads that would
 * otherwise be idle or run a task of lower priority. Rejects with `ENOENT`, `EACCES`, `EISDIR`,
 * `ERR_OUT_OF_MEMORY`.
 */
export const hash: NativeTask<HashInput, string, HashOutputs> & {
  <Word extends keyof HashOutputs = 'hex'>(
    input: HashInput & { encoding?: Word },
    options?: ExecuteOptions
  ): Promise<HashOutputs[Word]>
}

/** What `hash` resolves to, by `encoding`. */
export interface HashOutputs {
  hex: string
  base64: string
  base64url: string
  binary: string
  latin1: string
  buffer: Buffer
}

/** Input of the native task `hmac`. */
export interface HmacInput {
  /** The bytes to authenticate. */
  data: Bytes
  /** The secret, of any length. */
  key: InMemory
  /** The hash within. Default 'sha256'. */
  algorithm?: 'sha256' | 'sha512' | 'sha1' | 'md5' | 'sha3-256' | 'sha224' | 'sha384' | 'sha3-224' | 'sha3-384' | 'sha3-512'
  /** How the code is shown, as in `hmac.digest()` of node:crypto; `buffer` gives a Buffer. Default 'hex'. */
  encoding?: 'hex' | 'base64' | 'base64url' | 'binary' | 'latin1' | 'buffer'
}

/**
 * Authenticates bytes by a key, as RFC 2104 says. Rejects with `ENOENT`, `EACCES`, `EISDIR`,
 * `ERR_OUT_OF_MEMORY`.
 */
export const hmac: NativeTask<HmacInput, string, HmacOutputs> & {
  <Word extends keyof HmacOutputs = 'hex'>(
    input: HmacInput & { encoding?: Word },
    options?: ExecuteOptions
  ): Promise<HmacOutputs[Word]>
}

/** What `hmac` resolves to, by `encoding`. */
export interface HmacOutputs {
  hex: string
  base64: string
  base64url: string
  binary: string
  latin1: string
  buffer: Buffer
}

/** Input of the native task `compress`. */
export interface CompressInput {
  /** The bytes to compress. */
  data: Bytes
  /** The format; `deflate` is the zlib format, as in node:zlib. Default 'gzip'. */
  algorithm?: 'gzip' | 'deflate' | 'brotli' | 'zstd'
  /**
   * How much effort to take; without it, 6 for `gzip` and `deflate`, 5 for `brotli`, 3 for `zstd`. By the
   * algorithm: brotli 0 to 11, deflate 0 to 9, gzip 0 to 9, zstd 1 to 22; no other has it.
   */
  level?: number
  /**
   * Most bytes of output; with more, the task is rejected. Never more than `buffer.constants.MAX_LENGTH`. A
   * whole number from 1, in bytes.
   */
  maxOutputLength?: number
}

/**
 * Compresses bytes. With `zstd`, what it counts of `nativeMemory` before it begins is estimated by the
 * level and, if it is known, the size of the data. Rejects with `ENOENT`, `EACCES`, `EISDIR`,
 * `ERR_OUT_OF_MEMORY`, `ERR_BUFFER_TOO_LARGE`.
 */
export const compress: NativeTask<CompressInput, Buffer> & {
  (input: CompressInput, options?: ExecuteOptions): Promise<Buffer>
}

/** Input of the native task `decompress`. */
export interface DecompressInput {
  /** The bytes to decompress. */
  data: Bytes
  /** The format; `deflate` is the zlib format, as in node:zlib. Default 'gzip'. */
  algorithm?: 'gzip' | 'deflate' | 'brotli' | 'zstd'
  /**
   * Most bytes of output; with more, the task is rejected before it holds them. Never more than
   * `buffer.constants.MAX_LENGTH`. A whole number from 1, in bytes.
   */
  maxOutputLength?: number
}

/**
 * Decompresses bytes: all members of a gzip file, all frames of zstd. With `zstd`, what a frame counts of
 * `nativeMemory` before it is read is estimated by the window that its header names. Rejects with `ENOENT`,
 * `EACCES`, `EISDIR`, `ERR_OUT_OF_MEMORY`, `ERR_CORRUPT_DATA`, `ERR_BUFFER_TOO_LARGE`.
 */
export const decompress: NativeTask<DecompressInput, Buffer> & {
  (input: DecompressInput, options?: ExecuteOptions): Promise<Buffer>
}
