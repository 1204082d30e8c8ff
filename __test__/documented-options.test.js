'use strict'

// docs/options.md has every option, and says of each what is so. What is an option the types say.

const fs = require('node:fs')
const path = require('node:path')
const { closeOptions, poolOptions, resizeOptions } = require('../lib/options/pool.js')
const { executeOptions, retriesOf } = require('../lib/options/task.js')
const { ROOT } = require('./support/scripts.js')

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8')
const document = read('docs/options.md')
const types = read('types/options.d.ts')

/** The names of an interface's options, as the types have them. */
function namesOf(name) {
  const body = types.slice(types.indexOf(`export interface ${name} `)).split(/^}/m)[0]
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, option]) => option)
}

/** The rows of an interface's table: `{ option, standard, range }`. */
function rowsOf(name) {
  const [, table] = document.split(new RegExp(`<!-- /?${name} -->\n`))
  return table
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('\u2212', '-')))
    .map(([, option, standard, range]) => ({ option: option.replaceAll('`', ''), standard, range }))
}

const CURRENT = { minWorkers: 1, maxWorkers: 4096, nativeThreads: 2 }
/** How the options of each are checked. */
const CHECKS = {
  PoolOptions: (options) => poolOptions(options, undefined),
  ExecuteOptions: (options) => executeOptions(options),
  RetryOptions: (options) => retriesOf({ max: 1, ...options }),
  ResizeOptions: (options) => resizeOptions(options, CURRENT),
  CloseOptions: (options) => closeOptions(options)
}

const codeOf = (act) => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return error.code
  }
}

describe.each(Object.keys(CHECKS))('%s', (name) => {
  const check = CHECKS[name]
  const rows = rowsOf(name)

  test('all are there, and no others', () => {
    expect(rows.map(({ option }) => option)).toEqual(namesOf(name))
  })

  test.each(rows.map((row) => [row.option, row]))('%s is what its row says', (option, { range }) => {
    const outcome = (value) => codeOf(() => check({ [option]: value }))
    const [, from, to] = /(?:^| )(\d[\d ]*) to (\d[\d ]*)(?:,|$)/.exec(range) ?? []
    if (from !== undefined) {
      const [least, most] = [from, to].map((text) => Number(text.replaceAll(' ', '')))
      expect([least - 1, least, most, most + 1].map(outcome)).toEqual([
        'ERR_OUT_OF_RANGE',
        'accepted',
        'accepted',
        'ERR_OUT_OF_RANGE'
      ])
    }
    const [, start] = /from (\d+)(?:,|;|$)/.exec(range) ?? []
    if (start !== undefined)
      expect([Number(start) - 1, Number(start), Number(start) + 1, Number.NaN].map(outcome)).toEqual([
        'ERR_OUT_OF_RANGE',
        'accepted',
        'accepted',
        'ERR_OUT_OF_RANGE'
      ])
    if (/above 0/.test(range) && !/object/.test(range))
      expect([0, -1, 0.5].map(outcome)).toEqual(['ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE', 'accepted'])
    if (/^a boolean/.test(range))
      expect([true, false, 1].map(outcome)).toEqual(['accepted', 'accepted', 'ERR_INVALID_ARG_TYPE'])
    if (/, finite/.test(range)) expect(outcome(Number.POSITIVE_INFINITY)).toBe('ERR_OUT_OF_RANGE')
    for (const [, word] of range.matchAll(/`'([^']+)'`/g)) expect(outcome(word)).toBe('accepted')
    if (option !== 'workerData') expect(outcome(Symbol('none'))).toMatch(/^ERR_INVALID_ARG_/)
    else expect(outcome(Symbol('none'))).toBe('ERR_NOT_SERIALIZABLE')
  })
})

test.each(rowsOf('PoolOptions').map(({ option, standard }) => [option, standard]))(
  'the default of %s is %s',
  (option, standard) => {
    const settings = poolOptions({}, undefined)
    const all = { ...settings, ...settings.limits, ...settings.defaults, ...settings.resources }
    const number = /^(\d[\d ]*)(?:,|$)/.exec(standard)?.[1].replaceAll(' ', '')
    if (option === 'retries') expect(all.retries).toBeUndefined()
    else if (number !== undefined) expect(all[option]).toBe(Number(number))
    else if (/^`Infinity`/.test(standard)) expect(all[option]).toBe(Number.POSITIVE_INFINITY)
    else if (/^`'/.test(standard)) expect(all[option]).toBe(standard.slice(2, -2))
    else if (/^`os\.availableParallelism/.test(standard))
      expect(all[option]).toBe(require('node:os').availableParallelism())
    else expect([undefined, false]).toContain(option === 'errorClasses' ? undefined : all[option])
  }
)
