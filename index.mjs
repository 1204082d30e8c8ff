import threadmill from './index.js'

export default threadmill
export const { WorkerPool, PoolError, move } = threadmill
