'use strict'

// The snippets of the documents run as a reader would run them, and give what they say they give: see
// support/snippets.js for what counts as saying so.

const fs = require('node:fs')
const path = require('node:path')
const { commonDirectory, install } = require('./support/files.js')
const { runNode } = require('./support/processes.js')
const { ROOT } = require('./support/scripts.js')
const { isLiteral, readSnippet, snippetsOf } = require('./support/snippets.js')

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8')
const inDocs = fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true }).sort()
const DOCUMENTS = [
  'README.md',
  ...inDocs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
]

/** What a document's reader has at hand, unless a snippet makes its own. */
const AT_HAND = {
  input: '{ width: 320 }',
  data: "Buffer.from('some bytes')",
  bytes: 'new Uint8Array(100000)',
  pixels: 'new Uint8ClampedArray(1e5)',
  sharedArrayBuffer: 'new SharedArrayBuffer(4)',
  pool: "new WorkerPool('./tasks.mjs')"
}

const isScript = (snippet) => snippet.startsWith('// tasks.mjs')
const scriptsOf = (file) => snippetsOf(read(file)).filter(isScript)
const programsOf = (file) => snippetsOf(read(file)).filter((snippet) => !isScript(snippet))

/** A folder of a reader who has installed the package and written the script of a document, and that of README.md. */
function readersFolder(file) {
  const folder = install(commonDirectory())
  const scripts = new Set([...scriptsOf('README.md'), ...scriptsOf(file)])
  fs.writeFileSync(path.join(folder, 'tasks.mjs'), [...scripts].join('\n'))
  return folder
}

/** Runs a snippet. `values` are those that it should have given, `given` those that it gave, in the same words if so. */
async function run(folder, snippet) {
  const { values, program } = readSnippet(snippet)
  const makesOwn = (name) => new RegExp(`\\b(?:const|let|var|function) ${name}\\b`).test(snippet)
  const main = path.join(folder, 'main.mjs')
  const report = path.join(folder, 'given.json')
  const lines = [
    `import { writeFileSync } from 'node:fs'`,
    `import { inspect, isDeepStrictEqual } from 'node:util'`,
    snippet.includes('import { WorkerPool }') ? '' : `import { WorkerPool } from 'threadmill'`,
    `const expected = [${values.map(({ value }) => `[${JSON.stringify(value)}, ${value}]`).join()}]`,
    `const given = expected.map(() => 'nothing')`,
    `function check(index, value) {`,
    `  const [text, wanted] = expected[index]`,
    `  given[index] = isDeepStrictEqual(value, wanted) ? text : inspect(value)`,
    `  return value`,
    `}`,
    `process.on('exit', () => writeFileSync(${JSON.stringify(report)}, JSON.stringify(given)))`,
    ...Object.entries(AT_HAND).map(([name, code]) => (makesOwn(name) ? '' : `const ${name} = ${code}`)),
    program
  ]
  fs.rmSync(report, { force: true })
  fs.writeFileSync(main, lines.join('\n'))
  const { code: status, stderr } = await runNode([main], { cwd: folder, patience: 15_000 })
  const given = status === 0 ? JSON.parse(fs.readFileSync(report, 'utf8')) : []
  return { status, stderr, values, given }
}

const valuesOf = (file) => programsOf(file).flatMap((snippet) => readSnippet(snippet).values)

describe.each(
  DOCUMENTS.filter((file) => programsOf(file).length > 0).map((file) => [file, valuesOf(file).length])
)('%s, which names %i values', (file, count) => {
  const folder = readersFolder(file)
  const running = programsOf(file)

  test.each(running.map((snippet, index) => [index + 1, snippet]))('snippet %i runs', async (_, snippet) => {
    const { status, stderr, values, given } = await run(folder, snippet)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(values.map(({ code }, index) => ({ code, value: given[index] }))).toEqual(values)
  })

  test('every comment that is a value is checked', () => {
    const comments = running.join('').match(/(?<=\/\/ ).*$/gm) ?? []
    expect(count).toBe(comments.filter(isLiteral).length)
  })

  test('names no values in scripts, where nobody would check them', () => {
    for (const script of scriptsOf(file)) expect(readSnippet(script).values).toEqual([])
  })
})

test('the documents have snippets, and name values', () => {
  for (const file of ['README.md', 'docs/buffers.md', 'docs/faults.md'])
    expect(programsOf(file).length).toBeGreaterThanOrEqual(2)
  for (const file of ['docs/buffers.md', 'docs/faults.md'])
    expect(valuesOf(file).length).toBeGreaterThanOrEqual(1)
})

test.each(DOCUMENTS)("%s writes '```js' where it means JavaScript", (file) => {
  expect(read(file)).not.toMatch(/^ *```(?:javascript|mjs|cjs|jsx|node)\b/im)
})

describe('a snippet', () => {
  const folder = readersFolder('README.md')
  const outcome = async (snippet) => {
    const { stderr, values, given } = await run(folder, snippet)
    return { stderr, expected: values.map(({ value }) => value), given }
  }

  test('that gives the values it names is right', async () => {
    const snippet = `
      const sum = 1 + 1 // 2
      await Promise.resolve(
        { a: [sum] } // words
      ) // { a: [2] }
      'b' + 'c'; // "bc"
      Array.from(new Set([1])) // [1]`
    const values = ['2', '{ a: [2] }', '"bc"', '[1]']
    expect(await outcome(snippet)).toEqual({ stderr: '', expected: values, given: values })
  })

  test.each([
    ['another', "await Promise.resolve('b') // 'a'", "'a'", "'b'"],
    ['one of another type', "const one = '1' // 1", '1', "'1'"],
    ['a promise of it', 'Promise.resolve(1) // 1', '1', 'Promise { 1 }'],
    ['more than it', '({ a: 1, b: 2 }) // { a: 1 }', '{ a: 1 }', '{ a: 1, b: 2 }'],
    ['none, as it never comes there', 'if (process.exitCode === 7) {\n  1 // 1\n}', '1', 'nothing']
  ])('that gives %s is wrong', async (_, snippet, expected, given) => {
    expect(await outcome(snippet)).toEqual({ stderr: '', expected: [expected], given: [given] })
  })

  test('has words in all other comments', () => {
    for (const words of [
      'of running',
      '100, 200, 400 …',
      'a: 1',
      "'a' or 'b'",
      '10-20',
      '5 ms',
      'Map',
      'f()'
    ])
      expect(readSnippet(`f() // ${words}`)).toEqual({ values: [], program: `f() // ${words}` })
    expect(readSnippet("fetch('http://127.0.0.1')").values).toEqual([])
  })

  test('that names a value of nothing is refused', () => {
    for (const line of ['for (const n of list) { // 5', 'const { a } = b // 5', '{ delay: 5, // 5'])
      expect(() => readSnippet(line)).toThrow(`is the value of no expression: ${line}`)
  })
})
