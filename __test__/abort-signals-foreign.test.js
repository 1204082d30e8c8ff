const vm = require('node:vm')
const { makeView } = require('./support/memory.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf } = require('./support/pools.js')
const { STOPPING } = require('./support/scripts.js')
const { begun } = require('./support/stopping.js')
const { blockFor, within } = require('./support/waiting.js')

const poolOf = poolsOf(STOPPING, { maxWorkers: 1, nativeThreads: 1 })

describe('signals that are not of this realm, or no AbortSignal at all', () => {
  /** A minimal signal; `realm` is evaluated in another context. */
  const SOURCE = `({
    aborted: false,
    reason: undefined,
    heard: new Set(),
    addEventListener(type, listener) { if (type === 'abort') this.heard.add(listener) },
    removeEventListener(type, listener) { this.heard.delete(listener) },
    abort(reason) {
      this.aborted = true
      this.reason = reason
      for (const listener of [...this.heard]) listener.call(this, { type: 'abort', target: this })
    }
  })`

  test.each([
    ['of this realm', () => vm.runInThisContext(SOURCE)],
    ['of another realm', () => vm.runInNewContext(SOURCE)]
  ])('a signal that only looks like one, %s', async (_, make) => {
    const [pool, view] = [poolOf(), makeView()]
    const signal = make()
    const tasks = [pool.execute('a loop', view, { signal }), pool.execute('echo', 1, { signal })].map(
      (task) => rejection(task)
    )
    await begun(view)
    expect(signal.heard.size).toBe(1)
    signal.abort(undefined)
    expect(await Promise.all(tasks)).toEqual([undefined, undefined])
    expect(signal.heard.size).toBe(0)
    expect(await rejection(pool.execute('echo', 1, { signal }))).toBe(undefined)
  })

  test('one whose listener is called twice, and after the end', async () => {
    const [pool, signal] = [poolOf(), vm.runInThisContext(SOURCE)]
    signal.removeEventListener = () => {}
    const task = rejection(pool.execute('never', undefined, { signal }))
    const [kept] = signal.heard
    signal.abort('first')
    kept()
    expect(await task).toBe('first')
    const next = pool.execute('echo', 2) // maybe in the same slot
    kept()
    await expect(within(next, 'the next task')).resolves.toBe(2)
  })

  test('one that cannot be listened to: the task rejects and says so', async () => {
    const pool = poolOf()
    const signal = vm.runInThisContext(SOURCE)
    signal.addEventListener = () => {
      throw new Error('deaf')
    }
    for (const [task, input] of [
      ['echo', 1],
      ['echo', /x/],
      ['native:noop', undefined]
    ]) {
      const error = await rejection(pool.execute(task, input, { signal }))
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', task, cause: { message: 'deaf' } })
    }
    expect(pool.stats().tasks.submitted).toBe(0)
    await within(pool.close(), 'close()')
  })

  test.each(['a JavaScript task', 'a native task'])(
    'one that submits others when it is listened to: %s',
    async (kind) => {
      const [pool, other] = [poolOf(), poolOf()]
      const task = kind === 'a native task' ? 'native:noop' : 'echo'
      const input = (data) => (kind === 'a native task' ? { data } : data)
      for (const inner of [pool, other]) {
        const results = []
        const signal = vm.runInThisContext(SOURCE)
        signal.addEventListener = () => {
          results.push(inner.execute(task, input('inner')), inner.execute('echo', 'echoed'))
        }
        results.unshift(pool.execute(task, input('outer'), { signal }))
        expect(await within(Promise.all(results), 'the results')).toEqual(['outer', 'inner', 'echoed'])
      }
    }
  )

  test('one that cannot be left any more: its tasks settle all the same', async () => {
    const pool = poolOf()
    const signal = vm.runInThisContext(SOURCE)
    signal.removeEventListener = () => {
      throw new Error('for ever')
    }
    expect(await within(pool.execute('echo', 1, { signal }), 'the first task')).toBe(1)
    expect(await within(pool.execute('native:noop', { data: 'x' }, { signal }), 'a native task')).toBe('x')
    expect(pool.stats().tasks).toMatchObject({ submitted: 2, completed: 2 })
    await within(pool.close(), 'close()')
  })

  test('one that cannot say whether it is aborted, once it is listened to', async () => {
    const pool = poolOf()
    const signal = vm.runInThisContext(SOURCE)
    const input = { shared: new SharedArrayBuffer(8) }
    signal.addEventListener = () => {
      Object.defineProperty(signal, 'aborted', {
        get() {
          throw new Error('no idea')
        }
      })
    }
    expect(await within(pool.execute('echo', input, { signal }), 'the task')).toEqual(input)
    await within(pool.close(), 'close()')
  })

  test('one that has more taken from the pool when it is left, while results are read', async () => {
    const [pool, other] = [poolOf({ maxWorkers: 2 }), poolOf()]
    await Promise.all([pool.execute('echo'), other.execute('echo')])
    const more = []
    const signal = vm.runInThisContext(SOURCE)
    signal.removeEventListener = () => {
      for (const each of [pool, other]) {
        more.push(each.execute(() => Array.from({ length: 2000 }, (_, n) => n + 0.5)))
        blockFor(100) // its result is there, and longer than what is still to be read
        more.push(each.resize({ maxWorkers: 2 }), each.ready())
      }
    }
    const tasks = Array.from({ length: 300 }, (_, n) =>
      pool.execute('echo', { n, text: 'x'.repeat(n) }, n === 0 ? { signal } : undefined)
    )
    blockFor(300) // their results come in one go
    const results = await within(Promise.all(tasks), 'the results')
    expect(results).toEqual(tasks.map((_, n) => ({ n, text: 'x'.repeat(n) })))
    await within(Promise.all(more), 'the others')
  })
})
