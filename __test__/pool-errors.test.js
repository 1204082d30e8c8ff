// What an error of the pool says of itself: whose it is, and what is known.

const { PoolError, WorkerPool } = require('..')
const { rejection } = require('./support/outcomes.js')
const { keep, track } = require('./support/pools.js')
const { FACE, outputOf } = require('./support/processes.js')

const pool = keep(new WorkerPool({ maxWorkers: 1 }))
/** The face, as tasks of source name it. */
const face = JSON.parse(FACE)

describe('an error that a task throws, of a pool of its own,', () => {
  const timesOut = async (face) => {
    const inner = new (require(face).WorkerPool)({ maxWorkers: 1 })
    try {
      await inner.execute(
        function inside() {
          for (;;);
        },
        0,
        { timeout: 1 }
      )
    } finally {
      await inner.terminate()
    }
  }
  const loops = () => {
    for (;;);
  }

  test('is told from the same error of the pool by `thrown`', async () => {
    const carried = await rejection(pool.execute(timesOut, face))
    const own = await rejection(pool.execute(loops, 0, { timeout: 1 }))
    for (const error of [carried, own]) {
      expect(error).toBeInstanceOf(PoolError)
      expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TASK_TIMEOUT' })
    }
    expect([carried.thrown, carried.task]).toEqual([true, 'inside'])
    expect([own.thrown, own.task]).toEqual([undefined, 'loops'])
    expect('thrown' in own).toBe(false)
  })

  test('keeps all that it says, also what it does not say', async () => {
    const error = await rejection(
      pool.execute((face) => {
        const { PoolError } = require(face)
        throw new PoolError('ERR_POOL_CLOSED', 'words')
      }, face)
    )
    expect(error).toBeInstanceOf(PoolError)
    expect({ ...error }).toEqual({ code: 'ERR_POOL_CLOSED', thrown: true })
  })

  test('is so as a cause, too, and for the pool around the pool around it', async () => {
    const error = await rejection(
      pool.execute(async (face) => {
        const inner = new (require(face).WorkerPool)({ maxWorkers: 1 })
        const cause = await inner.execute('native:hash', { data: 1 }).catch((error) => error)
        await inner.close()
        throw new Error('outer', { cause })
      }, face)
    )
    expect(error.cause).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', task: 'native:hash', thrown: true })
  })

  test.each([
    ['a task that there is not', () => rejection(pool.execute('native:nothing'))],
    ['a result that cannot be sent', () => rejection(pool.execute(() => () => 1))],
    ['the death of its worker', () => rejection(pool.execute(() => process.exit(3)))],
    [
      'a native task that refuses its input',
      () => rejection(pool.execute('native:decompress', { data: 'x' }))
    ]
  ])('and what the pool says itself is not: %s', async (_what, act) => {
    const error = await act()
    expect(error).toBeInstanceOf(PoolError)
    expect('thrown' in error).toBe(false)
  })
})

describe('ERR_WORKER_EXITED', () => {
  test.each([0, 3, 42])('has the exit code %i', async (code) => {
    const exit = (code) => process.exit(code)
    expect(await rejection(pool.execute(exit, code))).toMatchObject({
      code: 'ERR_WORKER_EXITED',
      exitCode: code
    })
  })

  test('has it for each task that no worker can run', async () => {
    const script = `data:text/javascript,process.exit(5)`
    const dying = track(new WorkerPool({ script, maxWorkers: 1 }))
    const errors = await Promise.all(['one', 'other'].map((task) => rejection(dying.execute(task))))
    expect(errors.map(({ code, exitCode, task }) => [code, exitCode, task])).toEqual([
      ['ERR_WORKER_EXITED', 5, 'one'],
      ['ERR_WORKER_EXITED', 5, 'other']
    ])
  })

  test('has what Node exits with after an uncaught error', async () => {
    const error = await rejection(
      pool.execute(() => {
        setImmediate(() => {
          throw new Error('nobody catches')
        })
        return new Promise(() => {})
      })
    )
    expect(error).toMatchObject({ exitCode: 1, cause: { message: 'nobody catches' } })
  })
})

describe('a pool counts its workers from construction on', () => {
  test.each([
    [{ size: 3 }, 3],
    [{ minWorkers: 2, maxWorkers: 4 }, 2],
    [{ maxWorkers: 4 }, 0]
  ])('with %o', async (options, total) => {
    const counted = track(new WorkerPool(options))
    expect(counted.stats().workers.total).toBe(total)
    await counted.ready()
    expect(counted.stats().workers).toEqual({ total, busy: 0, idle: total })
  })

  test('and starts none of them if it is closed at once', async () => {
    const started = []
    const counted = new WorkerPool({ size: 3 })
    counted.on('workerStart', (worker) => started.push(worker))
    counted.on('workerExit', (worker) => started.push(worker))
    await counted.close()
    expect(started).toEqual([])
    expect(counted.stats().workers.total).toBe(0)
  })

  test('nor keeps the process alive by that', async () => {
    const code = `new (require(${FACE}).WorkerPool)({ size: 2 }); console.log('made')`
    expect((await outputOf(['-e', code])).stdout).toBe('made\n')
  })

  test('but runs what was submitted before it was closed', async () => {
    const counted = new WorkerPool({ size: 2 })
    const task = counted.execute((value) => value, 1)
    await counted.close()
    await expect(task).resolves.toBe(1)
  })
})
