'use strict'

/** Changes an object as much as a careless task or caller might. */
function spoil(input) {
  if (input instanceof Map) input.clear()
  else if (input instanceof Date) input.setTime(0)
  else if (ArrayBuffer.isView(input.bytes)) input.bytes.fill(0)
  for (const key of Object.keys(input)) delete input[key]
}

module.exports = { spoil }
