'use strict'

const { runScene } = require('./support/processes.js')

describe('what workers print is not lost', () => {
  test.each(['end', 'exit'])('when the pool is closed and the process comes to its %s', async (way) => {
    const { code, timedOut, stdout, stderr } = await runScene('console of workers', way)
    expect({ code, timedOut, stderr }).toEqual({ code: 0, timedOut: false, stderr: 'to stderr\n' })
    const lines = stdout.trim().split('\n').sort()
    expect(lines).toEqual(Array.from({ length: 200 }, (_, n) => `line ${n}`).sort())
  })

  test('however much it is', async () => {
    const { code, timedOut, stdout, stderr } = await runScene('much output of a worker')
    expect({ code, timedOut, stderr, length: stdout.length }).toEqual({
      code: 0,
      timedOut: false,
      stderr: '',
      length: 1000 * 1024
    })
  })
})
