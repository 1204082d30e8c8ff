import type { AsyncResource } from 'node:async_hooks'
import type { Backpressure } from './backpressure.js'
import type { Delivery } from './delivery.js'
import type { Hold } from './hold.js'
import type { Inbox } from './inbox.js'
import type { Life } from './life.js'
import type { Names } from './names.js'
import type { News } from './news.js'
import type { Retries } from './retries.js'
import type { Tasks } from './tasks.js'
import type { Withdrawals } from './withdraw.js'
import type { Workers } from './workers.js'

/** The parts of one pool's owner, as lib/pool.js puts them together. Each is given those that it needs. */
export interface Parts {
  backpressure: InstanceType<typeof Backpressure>
  delivery: InstanceType<typeof Delivery>
  hold: InstanceType<typeof Hold>
  inbox: InstanceType<typeof Inbox>
  life: InstanceType<typeof Life>
  names: InstanceType<typeof Names>
  news: InstanceType<typeof News>
  retries: InstanceType<typeof Retries>
  /** The asynchronous context in which the pool was made. */
  scope: AsyncResource
  tasks: InstanceType<typeof Tasks>
  withdrawals: InstanceType<typeof Withdrawals>
  workers: InstanceType<typeof Workers>
}
