'use strict'

/** Longer names are not compared: nobody mistypes one of ours to that. */
const LONGEST = 40

/** How many characters have to be changed, added, left out or swapped with the next to make one word of another. */
function distance(one, other) {
  /** @type {number[][]} */
  const table = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= one.length; row++) {
    table[row] = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      let least = Math.min(
        table[row - 1][column] + 1,
        table[row][column - 1] + 1,
        table[row - 1][column - 1] + Number(!isSame)
      )
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      if (isSwapped) least = Math.min(least, table[row - 2][column - 2] + 1)
      table[row][column] = least
    }
  }
  return table[one.length][other.length]
}

/** Which of `names` was probably meant by `name`, if any: at most a third of it is wrong, not counting capitals. */
function nearest(name, names) {
  if (name.length > LONGEST) return undefined
  const [lower, most] = [name.toLowerCase(), Math.max(1, Math.floor(name.length / 3))]
  let [found, least] = [/** @type {string | undefined} */ (undefined), most + 1]
  for (const each of names) {
    if (Math.abs(each.length - name.length) >= least) continue
    const wrong = distance(lower, each.toLowerCase())
    if (wrong < least) [found, least] = [each, wrong]
  }
  return found
}

/** The end of a sentence about a name that there is not: the nearest that there is, or all. */
function instead(name, names, all = `there are ${names.join(', ')}`) {
  const meant = nearest(name, names)
  return meant === undefined ? all : `did you mean '${meant}'?`
}

module.exports = { instead, nearest }
