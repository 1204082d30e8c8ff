'use strict'

const { WorkerPool } = require('..')
const { classes, constructed } = require('./fixtures/values/error-classes.js')
const { rejection } = require('./support/outcomes.js')
const { keep, track } = require('./support/pools.js')

const SCRIPT = require.resolve('./fixtures/values/error-classes.js')
const { HttpError, NotFoundError, RangesError, SeveralErrors, QuotaError, SecretError, OldError } = classes

/** What a task of the script rejects with. */
const from = (pool, task) => rejection(pool.execute(task), `the rejection of '${task}'`)

describe('errors of the classes that a pool is told of', () => {
  const pool = keep(new WorkerPool(SCRIPT, { size: 1, errorClasses: Object.values(classes) }))

  test('are instances of them, with methods and properties', async () => {
    const error = await from(pool, 'http')
    expect(error).toBeInstanceOf(HttpError)
    expect([error.constructor, error.message, error.status, error.isClientError]).toEqual([
      HttpError,
      'down',
      500,
      false
    ])
    expect(error.stack).toMatch(/^Error: down\n {4}at .*error-classes\.js/s)
    expect(Object.keys(error)).toEqual(['status'])
  })

  test('of a class and of one that it extends are each their own', async () => {
    const error = await from(pool, 'notFound')
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toBeInstanceOf(HttpError)
    expect([error.constructor, error.status, error.path, error.isClientError]).toEqual([
      NotFoundError,
      404,
      '/x',
      true
    ])
  })

  test('of a class that is not registered are instances of the nearest that is, and show their own', async () => {
    const error = await from(pool, 'gone')
    expect(error).toBeInstanceOf(NotFoundError)
    expect([error.constructor.name, error.path, error.isClientError]).toEqual(['GoneError', '/y', true])
    expect((await from(pool, 'gone')).constructor).toBe(error.constructor)
  })

  test('are made without their constructors', async () => {
    const before = constructed()
    await from(pool, 'http')
    await from(pool, 'gone')
    expect(constructed()).toBe(before)
  })

  test('of the kinds of the language keep what these have', async () => {
    const range = await from(pool, 'ranges')
    expect(range).toBeInstanceOf(RangesError)
    expect([range.name, String(range)]).toEqual(['RangesError', 'RangesError: too far'])
    const several = await from(pool, 'several')
    expect(several).toBeInstanceOf(SeveralErrors)
    expect(several.errors[0]).toBeInstanceOf(NotFoundError)
    expect(several.errors.map(({ message }) => message)).toEqual(['no /a', 'b'])
    const quota = await from(pool, 'quota')
    expect(quota).toBeInstanceOf(QuotaError)
    expect([quota.name, quota.code, quota.message]).toEqual([
      'QuotaExceededError',
      DOMException.QUOTA_EXCEEDED_ERR,
      'full'
    ])
  })

  test('of a function that makes errors, and of a class with private fields', async () => {
    const old = await from(pool, 'old')
    expect(old).toBeInstanceOf(OldError)
    expect(old.old).toBe(true)
    const secret = await from(pool, 'secret')
    expect(secret).toBeInstanceOf(SecretError)
    expect([secret.name, secret.message]).toEqual(['Secret7', 'kept'])
  })

  test('are told by name, wherever they stand: as a cause, and of another script', async () => {
    expect((await from(pool, 'caused')).cause).toBeInstanceOf(NotFoundError)
    const namesake = await from(pool, 'namesake')
    expect(namesake).toBeInstanceOf(NotFoundError)
    expect(namesake.message).toBe('by the same name')
  })

  test('reach those who decide about retries', async () => {
    const seen = []
    const when = (error) => seen.push(error instanceof HttpError) < 0
    await rejection(pool.execute('http', undefined, { retries: { max: 2, when } }), 'the rejection')
    expect(seen).toEqual([true])
  })
})

test('errors of classes that a pool is not told of are instances of the built-in class, and show their own', async () => {
  const pool = track(new WorkerPool(SCRIPT, 1))
  const error = await from(pool, 'ranges')
  expect(error).not.toBeInstanceOf(RangesError)
  expect(error).toBeInstanceOf(RangeError)
  expect(error.constructor.name).toBe('RangesError')
  expect((await from(pool, 'quota')).code).toBe(DOMException.QUOTA_EXCEEDED_ERR)
})

describe('the option errorClasses', () => {
  const poolOf = (errorClasses) => new WorkerPool({ errorClasses })
  const named = (name, Base = Error) => ({ [name]: class extends Base {} })[name]

  test.each([
    ['no list', HttpError, 'ERR_INVALID_ARG_TYPE', /'errorClasses' must be an array of classes/],
    ['null', null, 'ERR_INVALID_ARG_TYPE', /'errorClasses' must be an array/],
    [
      'a name',
      ['HttpError'],
      'ERR_INVALID_ARG_TYPE',
      /'errorClasses\[0\]' must be a class that extends Error.*'HttpError'/
    ],
    ['an error', [new Error('x')], 'ERR_INVALID_ARG_TYPE', /'errorClasses\[0\]' must be a class/],
    ['an arrow function', [() => {}], 'ERR_INVALID_ARG_TYPE', /'errorClasses\[0\]' must be a class/],
    [
      'a class of something else',
      [HttpError, class Thing {}],
      'ERR_INVALID_ARG_TYPE',
      /'errorClasses\[1\]' must be a class/
    ],
    [
      'the same class twice',
      [HttpError, HttpError],
      'ERR_INVALID_ARG_VALUE',
      /'errorClasses\[1\]' is in the list twice/
    ],
    [
      'two classes of one name',
      [HttpError, named('HttpError')],
      'ERR_INVALID_ARG_VALUE',
      /'errorClasses\[1\]' is called 'HttpError' as another/
    ],
    ['a class without a name', [named('')], 'ERR_INVALID_ARG_VALUE', /'errorClasses\[0\]' must have a name/],
    [
      "a class of a built-in one's name",
      [named('TypeError')],
      'ERR_INVALID_ARG_VALUE',
      /called 'TypeError' as a built-in class/
    ]
  ])('%s is refused', (_name, value, code, message) => {
    expect(() => poolOf(value)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) })
    )
  })

  test('that cannot be read is refused', () => {
    const proxy = new Proxy(class Odd extends Error {}, {
      get() {
        throw new Error('of the trap')
      }
    })
    expect(() => poolOf([proxy])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })

  test('may list built-in classes, which makes no difference, and none', async () => {
    await poolOf([TypeError, DOMException, HttpError]).close()
    await poolOf([]).close()
  })
})
