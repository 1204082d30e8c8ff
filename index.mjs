import threadmill from './index.js'

export const { WorkerPool, PoolError, move } = threadmill
