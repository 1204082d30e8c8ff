// Made by scripts/native-reference.js from what the native tasks declare of themselves.

import native from './native.js'

export default native
export const { noop, hash, hmac, compress, decompress } = native
