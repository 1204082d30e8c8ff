const path = require('node:path')

function load() {
  const file = path.join(__dirname, '..', 'threadmill.node')
  try {
    return require(file)
  } catch (cause) {
    throw new Error(
      `Threadmill's native addon could not be loaded from ${file}; build it with 'npm run build', which needs a Rust toolchain and a C compiler`,
      { cause }
    )
  }
}

/** The addon: see src/binding/. */
module.exports = load()

/** The native tasks' names; a task's number is its place. */
module.exports.names = module.exports.catalogue()
const numbers = new Map(module.exports.names.map((name, number) => [name, number]))
module.exports.numberOf = (name) => numbers.get(name)
module.exports.nameOf = (number) => module.exports.names[number]
