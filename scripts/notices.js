'use strict'

// `node scripts/notices.js` writes THIRD-PARTY-NOTICES.md: the crates that are linked into the addon on any platform
// that it is built for, and what their licences want to be said beside ours. With --check it fails if the file is not
// what it would write.

const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const FILE = 'THIRD-PARTY-NOTICES.md'

const PLATFORMS = ['unknown-linux-gnu', 'apple-darwin', 'pc-windows-msvc'].flatMap((system) =>
  ['x86_64', 'aarch64'].map((processor) => `${processor}-${system}`)
)

/** Libraries in other languages that a crate brings along, by the crate: what they are, and where their licence is. */
const BROUGHT = {
  'zstd-sys': [{ name: 'zstd, the C library', license: 'BSD-3-Clause', file: 'zstd/LICENSE' }]
}

const LICENCE_FILE = /^(?:un)?(?:licen[cs]e|copying|copyright|notice)/i

function fail(sentence) {
  console.error(`threadmill: ${sentence}`)
  process.exit(1)
}

const cargo = (...args) =>
  spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe']
  })

/** The packages of a platform, and who depends on whom, with the features that the addon is built with. */
function metadataOf(platform) {
  const args = ['metadata', '--locked', '--offline', '--format-version', '1', '--filter-platform', platform]
  let result = cargo(...args)
  if (result.status !== 0) {
    // A build fetches the crates of its own platform only.
    cargo('fetch', '--locked')
    result = cargo(...args)
  }
  if (result.status !== 0)
    fail(`cargo does not tell what the addon is made of: ${result.error ?? result.stderr}`)
  return JSON.parse(result.stdout)
}

/** What is linked into the addon: no procedural macro, which the compiler runs, and nothing for builds or tests. */
function linkedOn(platform) {
  const { packages, resolve } = metadataOf(platform)
  const packageOf = new Map(packages.map((each) => [each.id, each]))
  const nodeOf = new Map(resolve.nodes.map((each) => [each.id, each]))
  const linked = new Map()
  const waiting = [resolve.root]
  while (waiting.length > 0) {
    const id = waiting.pop()
    const isMacro = packageOf.get(id).targets.some(({ kind }) => kind.includes('proc-macro'))
    if (linked.has(id) || isMacro) continue
    linked.set(id, packageOf.get(id))
    for (const { pkg, dep_kinds: kinds } of nodeOf.get(id).deps)
      if (kinds.some(({ kind }) => kind === null)) waiting.push(pkg)
  }
  linked.delete(resolve.root)
  return linked
}

const byText = (a, b) => (a < b ? -1 : Number(a > b))

/** The licence files of a crate: those at its top, those in a folder of that name, and the one that it declares. */
function licenceFiles(folder, declared) {
  const files = fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!LICENCE_FILE.test(entry.name)) return []
    if (entry.isFile()) return [entry.name]
    return fs.readdirSync(path.join(folder, entry.name)).map((name) => path.join(entry.name, name))
  })
  return [...new Set([...files, ...(declared === null ? [] : [path.normalize(declared)])])].sort(byText)
}

/** Works by other people, in order, each with the texts of its licences. */
function works() {
  const crates = new Map(PLATFORMS.flatMap((platform) => [...linkedOn(platform)]))
  const all = []
  for (const {
    name,
    version,
    license,
    license_file: declared,
    authors,
    links,
    manifest_path
  } of crates.values()) {
    const folder = path.dirname(manifest_path)
    const read = (file) => fs.readFileSync(path.join(folder, file), 'utf8')
    const files = licenceFiles(folder, declared)
    if (license === null && files.length === 0) fail(`the crate ${name} says nothing of its licence.`)
    all.push({
      name: `${name} ${version}`,
      license: license?.replaceAll('/', ' OR ') ?? 'its own, see below',
      authors,
      texts: files.map(read)
    })
    if (links !== null && !Object.hasOwn(BROUGHT, name))
      fail(`the crate ${name} links the library '${links}'; say in scripts/notices.js where its licence is.`)
    for (const brought of BROUGHT[name] ?? [])
      all.push({
        name: `${brought.name} in ${name} ${version}`,
        license: brought.license,
        authors: [],
        texts: [read(brought.file)]
      })
  }
  return all.sort((a, b) => byText(a.name, b.name))
}

/** Licence texts, each once whatever its white space, with the names of the works that it goes for. */
function textsOf(all) {
  const texts = new Map()
  for (const { name, texts: own } of all) {
    for (const text of own) {
      const key = text.replaceAll(/\s+/g, ' ').trim()
      const known = texts.get(key) ?? { text, names: [] }
      if (!known.names.includes(name)) known.names.push(name)
      texts.set(key, known)
    }
  }
  return [...texts.values()]
}

/** Without what differs between systems and means nothing. */
const tidy = (text) =>
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\f', '').trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '')

function notices() {
  const all = works()
  const rows = all.map(({ name, license }) => `| ${name} | ${license} |`)
  const silent = all.filter(({ texts }) => texts.length === 0)
  const said = silent.map(
    ({ name, license, authors }) =>
      `- ${name}: ${license}${authors.length > 0 ? `, by ${authors.join(', ')}` : ''}`
  )
  const sections = textsOf(all).map(
    ({ text, names }) => `### ${names.join(', ')}\n\n~~~text\n${tidy(text)}\n~~~`
  )
  return `${[
    '# Third-party notices',
    'Threadmill itself is under the licence in LICENSE. The native addon links these works of others, some of them on\nsome platforms only. Written by `node scripts/notices.js`.',
    ['| work | licence |', '| --- | --- |', ...rows].join('\n'),
    '## Works without a licence file',
    'They declare their licence and, where they name them, their authors.',
    said.join('\n'),
    '## Licence texts',
    'Each once, with the works that it goes for.',
    ...sections
  ].join('\n\n')}\n`
}

const target = path.join(root, FILE)
const text = notices()
if (!process.argv.includes('--check')) fs.writeFileSync(target, text)
else if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text)
  fail(`${FILE} does not fit Cargo.lock; run 'node scripts/notices.js'.`)
