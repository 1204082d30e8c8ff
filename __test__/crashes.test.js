const { WorkerPool, PoolError } = require('..')
const { write } = require('./support/files.js')
const { entered, makeGate, open } = require('./support/gates.js')
const { rejection } = require('./support/outcomes.js')
const { poolsOf, track } = require('./support/pools.js')
const { runScene } = require('./support/processes.js')
const { TASKS } = require('./support/scripts.js')
const { until, within } = require('./support/waiting.js')

const poolOf = poolsOf(TASKS, { maxWorkers: 1 })

describe('a worker that exits', () => {
  test.each([0, 1, 42])(
    'by process.exit(%i) in a task rejects that task, and tells the code',
    async (code) => {
      const pool = poolOf()
      const error = await rejection(pool.execute('exit', code))
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ name: 'PoolError', code: 'ERR_WORKER_EXITED', task: 'exit' })
      expect(error.message).toContain(`code ${code}`)
      expect(error.message).toContain("'exit'")
    }
  )

  test('in the middle of an asynchronous task', async () => {
    const error = await rejection(poolOf().execute('exitLater', 3))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'exitLater' })
    expect(error.message).toContain('code 3')
  })

  test('in an inline function', async () => {
    const error = await rejection(poolOf().execute(() => process.exit(4)))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    expect(error.message).toContain('code 4')
  })

  test('shows in the stack who submitted the task', async () => {
    async function submitter() {
      await poolOf().execute('exit', 1)
    }
    expect((await rejection(submitter())).stack).toContain('submitter')
  })

  test('is replaced, and what waited runs there', async () => {
    const pool = poolOf()
    const gate = makeGate()
    const dying = rejection(pool.execute('blockThenExit', { gate, code: 1 }))
    const next = [1, 2, 3].map((n) => pool.execute('echo', n))
    const byMessage = pool.execute('echo', /x/)
    await entered(gate)
    open(gate)
    expect(await dying).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'blockThenExit' })
    await expect(within(Promise.all(next), 'the tasks behind')).resolves.toEqual([1, 2, 3])
    await expect(within(byMessage, 'the task by message')).resolves.toEqual(/x/)
    await expect(pool.execute('context')).resolves.toMatchObject({ workerId: 2 })
    expect(pool.stats()).toMatchObject({ workers: { total: 1 }, tasks: { failed: 1 } })
  })

  test('task after task: each rejects for itself', async () => {
    const pool = poolOf()
    const errors = await Promise.all([1, 2, 3, 4].map((code) => rejection(pool.execute('exit', code))))
    expect(errors.map(({ message }) => /code (\d)/.exec(message)[1])).toEqual(['1', '2', '3', '4'])
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })

  test('does not disturb the tasks of other workers', async () => {
    const pool = poolOf({ maxWorkers: 3 })
    const [exit, stay] = [makeGate(), makeGate()]
    const staying = [1, 2].map((value) => pool.execute('blockThenReturn', { gate: stay, value }))
    await entered(stay, 2)
    const dying = rejection(pool.execute('blockThenExit', { gate: exit, code: 9 }))
    await entered(exit)
    const behind = Array.from({ length: 20 }, (_, n) => pool.execute('echo', n))
    open(exit)
    expect(await dying).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'blockThenExit' })
    await expect(within(Promise.all(behind), 'the tasks behind')).resolves.toHaveLength(20)
    open(stay)
    await expect(within(Promise.all(staying), 'the tasks beside')).resolves.toEqual([1, 2])
  })

  test('keeps the results that it had given before', async () => {
    const pool = poolOf()
    const results = Array.from({ length: 300 }, (_, n) =>
      pool.execute('echo', n % 2 ? n : new Error(`no. ${n}`))
    )
    const dying = rejection(pool.execute('exit', 1))
    const settled = await within(Promise.all(results), 'the results before')
    expect(settled.map((result, n) => (n % 2 ? result : Number(result.message.slice(4))))).toEqual(
      settled.map((_, n) => n)
    )
    await dying
  })

  test.each(['plain values', 'values that go by message'])(
    'behind thousands of results that nobody has read: %s',
    async (kind) => {
      const { code, timedOut, stdout, stderr } = await runScene('exit behind unread results', kind)
      expect({ code, timedOut, stdout, stderr }).toEqual({
        code: 0,
        timedOut: false,
        stdout:
          "20000 results, then: The worker that ran the task 'blockThenExit' exited with code 6\nclosed\n",
        stderr: ''
      })
    }
  )

  test('between tasks loses nothing', async () => {
    const pool = poolOf()
    await pool.execute(() => {
      setTimeout(() => process.exit(1), 5)
    })
    await until(() => pool.stats().workers.total === 0, 'the end of the worker')
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })

  test('is replaced up to minWorkers although nothing waits', async () => {
    const pool = track(new WorkerPool(TASKS, 2))
    await within(pool.ready(), 'ready()')
    await rejection(pool.execute('exit', 1))
    await until(() => pool.stats().workers.idle === 2, 'the second worker')
  })

  test('between tasks is replaced up to minWorkers', async () => {
    const pool = track(new WorkerPool(TASKS, 1))
    await pool.execute(() => {
      setTimeout(() => process.exit(1), 5)
    })
    await until(() => pool.stats().perWorker[0]?.id === 2, 'another worker')
    await until(() => pool.stats().workers.idle === 1, 'the idle worker')
  })
})

describe('a worker that dies of an error', () => {
  test.each([
    ['uncaught', 'thrown by a timer'],
    ['unhandled', 'rejected by nobody']
  ])('%s: its task rejects with it as the cause', async (task, words) => {
    const pool = poolOf()
    const next = pool.execute('echo', 1)
    const error = await rejection(pool.execute(task))
    expect(error).toMatchObject({
      name: 'PoolError',
      code: 'ERR_WORKER_EXITED',
      task,
      cause: { name: 'RangeError', message: words }
    })
    expect(error.message).toContain(words)
    await expect(next).resolves.toBe(1)
    await expect(within(pool.execute('echo', 2), 'the next task')).resolves.toBe(2)
  })

  test('between tasks: the next ones run elsewhere', async () => {
    const pool = poolOf()
    await pool.execute(() => {
      setTimeout(() => {
        throw new Error('after the task')
      }, 5)
    })
    await until(() => pool.stats().workers.total === 0, 'the end of the worker')
    await expect(within(pool.execute('echo', 1), 'the next task')).resolves.toBe(1)
  })

  test('an error that a task throws kills nobody', async () => {
    const pool = poolOf()
    for (let n = 0; n < 10; n++) expect(await rejection(pool.execute('fail', 'no'))).toBeInstanceOf(Error)
    await expect(pool.execute('context')).resolves.toMatchObject({ workerId: 1 })
  })
})

describe('a worker that runs out of memory', () => {
  const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }

  test('rejects its task, and others go on', async () => {
    const pool = poolOf({ resourceLimits: limits })
    const error = rejection(pool.execute('hoard'))
    const next = pool.execute('echo', 1)
    expect(await error).toMatchObject({
      name: 'PoolError',
      code: 'ERR_WORKER_OUT_OF_MEMORY',
      task: 'hoard',
      cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' }
    })
    await expect(within(next, 'the next task')).resolves.toBe(1)
  })

  test('beside others that work on', async () => {
    const pool = poolOf({ resourceLimits: limits, maxWorkers: 2 })
    const gate = makeGate()
    const staying = pool.execute('blockThenReturn', { gate, value: 'whole' })
    await entered(gate)
    expect(await rejection(pool.execute('hoard'))).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' })
    open(gate)
    await expect(staying).resolves.toBe('whole')
  })
})

describe('a worker that does not come up', () => {
  test('because the script exits while it loads', async () => {
    const pool = track(new WorkerPool(write('tasks.cjs', 'process.exit(5)'), { maxWorkers: 2 }))
    const errors = await Promise.all(Array.from({ length: 6 }, (_, n) => rejection(pool.execute(`task${n}`))))
    for (const [n, error] of errors.entries()) {
      expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: `task${n}` })
      expect(error.message).toContain('code 5')
    }
    await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
    await within(pool.close(), 'close()')
  })

  test('because a minimum of workers exit while they load', async () => {
    const pool = track(new WorkerPool(write('tasks.cjs', 'process.exit(5)'), 2))
    const task = rejection(pool.execute('any'))
    expect(await rejection(pool.ready())).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    expect(await task).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'any' })
    expect(await rejection(pool.execute('later'))).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'later' })
    await within(pool.close(), 'close()')
  })

  test('because a preloaded module exits', async () => {
    const preload = write('preload.cjs', 'process.exit(8)')
    const pool = poolOf({ maxWorkers: 2, execArgv: ['--require', preload] })
    const errors = await Promise.all([1, 2, 3].map((n) => rejection(pool.execute('echo', n))))
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', task: 'echo' })
    expect(await rejection(pool.execute('echo'))).toMatchObject({ code: 'ERR_WORKER_EXITED' })
    await within(pool.close(), 'close()')
  })

  test('because a preloaded module throws', async () => {
    const preload = write('preload.cjs', "throw new RangeError('from the preload')")
    const pool = poolOf({ maxWorkers: 2, execArgv: ['--require', preload] })
    const error = await rejection(pool.execute('echo'))
    expect(error).toMatchObject({ code: 'ERR_WORKER_EXITED', cause: { message: 'from the preload' } })
    await within(pool.close(), 'close()')
  })

  test('because of execArgv that Node does not know', async () => {
    const pool = poolOf({ maxWorkers: 2, execArgv: ['--no-such-option'] })
    for (const task of ['echo', () => 1, 'echo']) {
      const error = await rejection(pool.execute(task))
      expect(error).toMatchObject({
        code: 'ERR_WORKER_EXITED',
        cause: { code: 'ERR_WORKER_INVALID_EXEC_ARGV' }
      })
      expect(error.message).toContain('--no-such-option')
    }
    await expect(within(pool.execute('native:noop'), 'a native task')).resolves.toBeUndefined()
    expect(pool.stats()).toMatchObject({ workers: { total: 0 }, queue: { length: 0 } })
    await within(pool.close(), 'close()')
  })

  // Newer versions of Node (seen with 24) end the whole process if a worker's limits do not hold a new isolate.
  const endsOnlyTheWorker = Number(process.versions.node.split('.')[0]) < 22 ? test : test.skip
  endsOnlyTheWorker('because it has next to no memory', async () => {
    const pool = poolOf({ resourceLimits: { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1 } })
    const error = await rejection(pool.execute('hoard'))
    expect(['ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_EXITED']).toContain(error.code)
    await within(pool.terminate(), 'terminate()')
  })
})

describe('a worker that cannot start', () => {
  const preload = () => {
    const statement = 'if (!require("node:worker_threads").isMainThread) process.exit(4)'
    return ['--require', write('exit.cjs', statement)]
  }

  test('does not keep a pool that is closed meanwhile from ending', async () => {
    const pool = track(new WorkerPool({ size: 1, execArgv: preload() }))
    const task = rejection(pool.execute(() => 1))
    await within(pool.close(), 'close()')
    expect(await task).toMatchObject({ code: 'ERR_WORKER_EXITED' })
  })

  test('lets ready() reject', async () => {
    const pool = track(new WorkerPool({ size: 2, execArgv: preload() }))
    expect(await within(rejection(pool.ready()), 'ready()')).toMatchObject({ code: 'ERR_WORKER_EXITED' })
  })
})
