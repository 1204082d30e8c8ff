import native from './native.js'

export default native
export const { hash, hmac, compress, decompress, noop } = native
