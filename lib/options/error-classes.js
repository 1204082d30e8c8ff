'use strict'

const { invalidType, invalidValue, isOwn, show } = require('../errors.js')
const { BASES, nameOf } = require('../wire/error-classes.js')
const { copied, isArray, must, unreadable } = require('./check.js')

/** Whether objects with this prototype are errors, of whatever realm. */
function isOfErrors(prototype) {
  for (let each = prototype; each !== null && each !== undefined; each = Object.getPrototypeOf(each))
    if (nameOf(each) === 'Error') return true
  return false
}

const isBuiltIn = (Class) => /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(Class))

/** The option `errorClasses`: classes by name. @returns {Map<string, Function>} */
function errorClassesOf(value) {
  const byName = new Map()
  if (value === undefined) return byName
  if (!isArray(value)) throw invalidType(must('errorClasses', 'an array of classes of errors', value))
  for (const [index, Class] of copied('errorClasses', value).entries()) {
    const option = `errorClasses[${index}]`
    const name = nameOfClass(option, Class)
    if (isBuiltIn(Class) || Class === BASES[name]) continue // arrives as what it is anyway
    if (name in BASES)
      throw invalidValue(`The option '${option}' is called '${name}' as a built-in class; rename it`)
    if (byName.get(name) === Class) throw invalidValue(`The option '${option}' is in the list twice`)
    if (byName.has(name))
      throw invalidValue(
        `The option '${option}' is called '${name}' as another class of the list; errors are told apart by that name, so rename one`
      )
    byName.set(name, Class)
  }
  return byName
}

function nameOfClass(option, Class) {
  try {
    const prototype = typeof Class === 'function' ? Class.prototype : undefined
    if (!isOfErrors(prototype))
      throw invalidType(must(option, 'a class that extends Error, or another class of errors', Class))
    const { name } = Class
    if (typeof name !== 'string' || name === '')
      throw invalidValue(
        `The option '${option}' must have a name; received ${show(name)} as its name, so give the class one: its errors are known by it`
      )
    return name
  } catch (cause) {
    if (isOwn(cause)) throw cause
    throw unreadable(`The option '${option}'`, cause)
  }
}

module.exports = { errorClassesOf }
