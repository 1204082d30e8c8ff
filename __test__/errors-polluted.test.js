'use strict'

// Errors and values, where somebody has written to Object.prototype.

const { FACE, outputOf } = require('./support/processes.js')

const TASKS = require.resolve('./fixtures/values/throws.js')

describe('where somebody has written to Object.prototype', () => {
  /** Runs in a process of its own, with the same written on both sides. */
  const polluted = (name, value) => `
    const { WorkerPool } = require(${FACE})
    const pollute = (name, value) => void Object.defineProperty(Object.prototype, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true })
    const pool = new WorkerPool(${JSON.stringify(TASKS)}, 1)
    async function main() {
      await pool.execute('ok', 1)
      const pollution = [${JSON.stringify(name)}, ${value}]
      await pool.execute((name) => void Object.defineProperty(Object.prototype, name, { __proto__: null, value: ${value}, writable: true, configurable: true, enumerable: true }), ${JSON.stringify(name)})
      pollute(...pollution)
      const caught = async (task) => { try { await pool.execute(task) } catch (error) { return error } }
      const found = []
      for (const task of ['custom', 'withCode', 'causes', 'aggregate', 'protoKey', 'noSuchTask']) {
        const error = await caught(task)
        found.push([task, error.constructor.name, error.message.slice(0, 30), Object.keys(error), Object.hasOwn(error, 'cause')])
      }
      const value = await pool.execute('ok', [{ a: 1, b: [1, { c: 2 }] }, { [pollution[0]]: 'own' }])
      found.push(Object.keys(value[0]), value[0].b[1].c, Object.hasOwn(value[1], pollution[0]) && value[1][pollution[0]])
      delete Object.prototype[pollution[0]]
      console.log(JSON.stringify(found))
      await pool.terminate()
    }
    main()`
  const expected = [
    ['custom', 'ValidationError', 'not valid', ['field', 'details'], false],
    ['withCode', 'Error', 'words', ['code', 'status', 'big', 'nothing'], false],
    ['causes', 'Error', 'outer', [], true],
    ['aggregate', 'AggregateError', 'several', [], false],
    ['protoKey', 'Error', 'words', ['__proto__'], false],
    ['noSuchTask', 'PoolError', expect.stringMatching(/^The script /), ['code', 'task'], false],
    ['a', 'b'],
    2,
    'own'
  ]

  test.each([
    ['get', '() => 1'],
    ['set', '() => {}'],
    ['get', "'no function'"],
    ['value', '1'],
    ['writable', 'false'],
    ['enumerable', 'false'],
    ['configurable', 'false'],
    ['toJSON', "() => 'replaced'"],
    ['constructor', '1'],
    ['cause', "'inherited'"],
    ['errors', '[1]'],
    ['error', "new Error('inherited')"],
    ['own', "'inherited'"],
    ['0', "'inherited'"],
    ['1', "'inherited'"]
  ])("a property '%s' there, %s, changes no error and no value", async (name, value) => {
    const { stdout } = await outputOf(['-e', polluted(name, value)])
    expect(JSON.parse(stdout)).toEqual(expected)
  })
})
