'use strict'

// The JavaScript in documents, and the values that it says it gives: where a comment at the end of a line is a literal
// as a whole, it is the value of the expression before it, or of the constant that is declared there. Any other
// comment is words.
//
//   await pool.execute((n) => n ** 2, 12) // 144
//   pool.stats() // words, as are 1, 2 or 3

const vm = require('node:vm')

/** The snippets of a document in Markdown: what stands between "```js" and "```". */
function snippetsOf(text) {
  const fenced = [...text.matchAll(/^( *)```js\n(.*?)^\1```/gms)]
  return fenced.map(([, indent, code]) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
}

const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g
const NUMBER = /(?<![\w.])-?(?:0x[\da-f]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)n?(?!\w)/gi
const WORD = /(?<![\w.])(?:true|false|null|undefined|NaN|-?Infinity)(?!\w)/g
const KEY = /[\w$]+(?=\s*:)/g

/** Whether `text` is a literal: a string, a number, a word such as `true`, or a list or object of such. */
function isLiteral(text) {
  const atoms = text.replace(STRING, '§').replace(KEY, '§').replace(NUMBER, '§').replace(WORD, '§')
  if (!/^[§[\]{}:,\s]+$/.test(atoms) || /§\s*§/.test(atoms)) return false
  try {
    return vm.runInNewContext(`[${text}]`).length === 1
  } catch {
    return false
  }
}

function isExpression(text) {
  try {
    new vm.Script(`async () => (${text}\n)`)
    return true
  } catch {
    return false
  }
}

/**
 * What a snippet says: `values` are its literal comments, each with the `code` that it is the value of, and `program`
 * is the snippet with a call of `check(index, value)` for each. Throws if a comment is a literal and nothing before it
 * could be its value: it would be read as one, and nobody could check it.
 */
function readSnippet(snippet) {
  const lines = snippet.split('\n')
  const values = []
  for (const [end, line] of lines.entries()) {
    const [, last, comment] = /^(.*?)(?<=^|\s)\/\/ (.*)$/.exec(line) ?? []
    if (comment === undefined || !isLiteral(comment)) continue
    const index = values.length
    // An expression may have begun on a line before.
    let start = end
    for (let code; ; start--) {
      if (start < 0)
        throw new Error(`the comment '// ${comment}' is the value of no expression: ${line.trim()}`)
      code = [...lines.slice(start, end), last].join('\n').trim().replace(/;$/, '')
      const [, name] = /^(?:const|let|var) ([\w$]+) = /.exec(code) ?? []
      if (name !== undefined) {
        lines[end] = `${last}\ncheck(${index}, ${name})`
        values.push({ code, value: comment })
        break
      }
      if (code === '' || !isExpression(code)) continue
      lines[start] = `check(${index}, (${lines[start]}`
      lines[end] = `${start === end ? `check(${index}, (${last}` : last}))`.replace(/;\s*\)\)$/, '))')
      values.push({ code, value: comment })
      break
    }
  }
  return { values, program: lines.join('\n') }
}

module.exports = { isLiteral, readSnippet, snippetsOf }
