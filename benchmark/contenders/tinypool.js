'use strict'

const path = require('node:path')

const filename = path.join(__dirname, '../workers/tinypool.mjs')
let Tinypool

module.exports = {
  id: 'tinypool',
  title: 'Tinypool',
  peer: true,
  async load() {
    Tinypool = (await import('tinypool')).Tinypool
  },
  create({ workers } = {}) {
    const threads = workers === undefined ? {} : { minThreads: workers, maxThreads: workers }
    const pool = new Tinypool({ filename, ...threads })
    return {
      run: (task, input, transferList) =>
        task === 'echo' ? pool.run(input) : pool.run(input, { name: task, transferList }),
      destroy: () => pool.destroy()
    }
  }
}
