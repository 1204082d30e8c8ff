'use strict'

const path = require('node:path')
const { Piscina } = require('piscina')

const filename = path.join(__dirname, '../workers/piscina.js')

const variant = (id, title, options) => ({
  id,
  title,
  peer: true,
  create({ workers, from = workers, to = workers } = {}) {
    const threads = from === undefined ? {} : { minThreads: from, maxThreads: to }
    const pool = new Piscina({ filename, ...threads, ...options })
    return {
      run: (task, input, transferList) =>
        task === 'echo' ? pool.run(input) : pool.run(input, { name: task, transferList }),
      destroy: () => pool.destroy()
    }
  }
})

module.exports = { ...variant('piscina', 'Piscina', {}), variant }
