'use strict'

// Makes, from what the native tasks declare of themselves (src/catalogue/), the types of `threadmill/native`, its names
// for `import`, and the tables of docs/native-tasks.md. With --check it only says whether they are what it would make.

const fs = require('node:fs')
const path = require('node:path')
const addon = require('../lib/addon.js')

const root = path.join(__dirname, '..')
const TYPES = path.join(root, 'native.d.ts')
const NAMES = path.join(root, 'native.mjs')
const PAGE = path.join(root, 'docs/native-tasks.md')

const declarations = addon.names.map((_, number) => addon.declarationOf(number))

const pascal = (name) => name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())
/** The output of a task that gives back what it was given as an option. */
const GIVEN = /^Given<'(\w+)'>$/

const literal = (word) => `'${word}'`

/** A type as TypeScript writes it. */
function typeOf(type) {
  switch (type.kind) {
    case 'data':
      return 'Bytes'
    case 'bytes':
      return 'InMemory'
    case 'choice':
      return type.words.map(literal).join(' | ')
    case 'whole':
    case 'number':
      return 'number'
    case 'text':
      return 'string'
    case 'json':
      return 'unknown'
    case 'list':
      return `ReadonlyArray<${typeOf(type.of)}>`
    case 'record':
      return `{ ${type.options.map((option) => `${option.name}${option.required ? '' : '?'}: ${typeOf(option.type)}`).join('; ')} }`
    default:
      return type.kind
  }
}

/** The limits of an option in words, or nothing. */
function limitsOf({ type, unit }) {
  const noun = type.kind === 'bytes' ? 'bytes' : unit
  const range = ([min, max]) =>
    `${min === max ? min : `${min} to ${max}`}${noun === undefined ? '' : ` ${noun}`}`
  if (type.by !== undefined) {
    const each = Object.entries(type.ranges).map(([word, limits]) => `${word} ${range(limits)}`)
    return `By the ${type.by}: ${each.join(', ')}; no other has it.`
  }
  const { min, max } = type
  if (min === undefined || max === undefined)
    return noun === undefined || type.kind === 'bytes' ? '' : `In ${noun}.`
  if (max === Number.MAX_SAFE_INTEGER)
    return `A whole number from ${min}${noun === undefined ? '' : `, in ${noun}`}.`
  return type.kind === 'list' ? `${range([min, max])} items.` : `From ${range([min, max])}.`
}

const defaultOf = ({ default: value }) =>
  value === undefined ? '' : `Default ${typeof value === 'string' ? literal(value) : JSON.stringify(value)}.`

const sentences = (option) => [option.about, limitsOf(option), defaultOf(option)].filter(Boolean).join(' ')

// ---- types

/** A comment of lines that fit. */
function comment(text, indent = '') {
  const lines = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || indent.length + last.length + word.length > 104) lines.push(word)
    else lines[lines.length - 1] += ` ${word}`
  }
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */`
    : [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`].join('\n')
}

function typesOf({ name, about, options, output, errors }) {
  const Name = pascal(name)
  const fields = options.map(
    (option) =>
      `${comment(sentences(option), '  ')}\n  ${option.name}${option.required ? '' : '?'}: ${typeOf(option.type)}`
  )
  const input = `${comment(`Input of the native task \`${name}\`.`)}\nexport interface ${Name}Input {\n${fields.join('\n')}\n}`
  const optional = options.some(({ required }) => required) ? '' : '?'
  const codes = errors.map(({ code }) => `\`${code}\``)
  const rejects = codes.length === 0 ? '' : ` Rejects with ${codes.join(', ')}.`
  return `${input}\n\n${comment(about + rejects)}\n${taskOf(name, Name, optional, output)}`
}

function taskOf(name, Name, optional, output) {
  const given = output.type.match(GIVEN)?.[1]
  if (given !== undefined)
    return `export const ${name}: NativeTask<${Name}Input, any> & {
  <Given extends ${Name}Input['${given}'] = undefined>(
    input${optional}: Omit<${Name}Input, '${given}'> & { ${given}?: Given },
    options?: ExecuteOptions
  ): Promise<Given>
}`
  if (output.when === undefined)
    return `export const ${name}: NativeTask<${Name}Input, ${output.type}> & {
  (input${optional}: ${Name}Input, options?: ExecuteOptions): Promise<${output.type}>
}`
  const { options } = declarations.find((each) => each.name === name)
  const encoding = options.find((option) => option.name === 'encoding')
  if (encoding === undefined || output.when.some(({ option }) => option !== 'encoding'))
    throw new Error(
      `The output of '${name}' depends on another option than 'encoding', for which there are no types`
    )
  const outputs = encoding.type.words.map((word) => {
    const exception = output.when.find(({ is }) => is === word)
    return `${word}: ${exception?.type ?? output.type}`
  })
  return `export const ${name}: NativeTask<${Name}Input, ${output.type}, ${Name}Outputs> & {
  <Word extends keyof ${Name}Outputs = ${literal(encoding.default)}>(
    input: ${Name}Input & { encoding?: Word },
    options?: ExecuteOptions
  ): Promise<${Name}Outputs[Word]>
}

/** What \`${name}\` resolves to, by \`encoding\`. */
export interface ${Name}Outputs {
  ${outputs.join('\n  ')}
}`
}

const types = `/// <reference types="node" />
// Made by scripts/native-reference.js from what the native tasks declare of themselves.

import type { Bytes, InMemory, NativeTask } from './types/native-task.js'
import type { ExecuteOptions } from './types/options.js'

${declarations.map(typesOf).join('\n\n')}
`

// ---- names

const names = `// Made by scripts/native-reference.js from what the native tasks declare of themselves.

import native from './native.js'

export default native
export const { ${declarations.map(({ name }) => name).join(', ')} } = native
`

// ---- the page

const cell = (text) => text.replaceAll('|', '\\|')

function tableOf({ name, about, options, output, errors }) {
  const rows = options.map(
    (option) =>
      `| \`${option.name}\`${option.required ? '' : '?'} | ${cell(typeOf(option.type).replace(/'/g, ''))} | ${cell(sentences(option))} |`
  )
  const when = (output.when ?? []).map(({ option, is, type }) => `; with \`${option}: '${is}'\`, ${type}`)
  const rejections = errors.map(({ code, about }) => `- \`${code}\`: ${about}`)
  return [
    about,
    '',
    '| option | | |',
    '| --- | --- | --- |',
    ...rows,
    '',
    `Resolves to: ${output.type.replace(GIVEN, 'what `$1` was, as it came')}${when.join('')}.`,
    ...(rejections.length > 0
      ? [
          '',
          `Besides wrong options and other codes of the operating system, \`${name}\` may reject with`,
          '',
          ...rejections
        ]
      : [])
  ].join('\n')
}

function pageOf(page) {
  for (const declaration of declarations) {
    const [begin, end] = [`<!-- ${declaration.name} -->`, `<!-- /${declaration.name} -->`]
    const [from, to] = [page.indexOf(begin), page.indexOf(end)]
    if (from < 0 || to < from)
      throw new Error(`docs/native-tasks.md has no place for '${declaration.name}': ${begin} … ${end}`)
    page = `${page.slice(0, from)}${begin}\n${tableOf(declaration)}\n${page.slice(to)}`
  }
  return page
}

// ----

const made = [
  [TYPES, types],
  [NAMES, names],
  [PAGE, pageOf(fs.readFileSync(PAGE, 'utf8'))]
]
for (const [file, text] of made) {
  if (!process.argv.includes('--check')) fs.writeFileSync(file, text)
  else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
    console.error(
      `${path.relative(root, file)} is not what the native tasks declare; run 'node scripts/native-reference.js' after a build.`
    )
    process.exitCode = 1
  }
}
