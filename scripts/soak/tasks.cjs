'use strict'

// What the soak runs on workers. Each task counts its runs in shared memory, where it is told to.

const count = ({ runs, index }) => runs && Atomics.add(runs, index, 1)
const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

exports.setup = async () => {
  await null
}
exports.teardown = async () => {
  await null
}

exports.echo = (input) => {
  count(input)
  return input.value
}

exports.busy = (input) => {
  count(input)
  const end = performance.now() + input.milliseconds
  while (performance.now() < end);
  return input.value
}

exports.wait = async (input) => {
  count(input)
  await delay(input.milliseconds)
  return input.value
}

exports.fail = (input) => {
  count(input)
  throw Object.assign(new RangeError(input.value), { code: 'SOAK' })
}

exports.failAtFirst = (input, { attempt }) => {
  count(input)
  if (attempt <= input.failures) throw new Error(`attempt ${attempt}`)
  return input.value
}

exports.loop = (input) => {
  count(input)
  for (;;) {
    try {
      for (;;);
    } finally {
    }
  }
}

exports.never = (input) => {
  count(input)
  return new Promise(() => {})
}

exports.polite = async (input, { signal }) => {
  count(input)
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

exports.asks = (input, context) => {
  count(input)
  while (!context.aborted);
  return input.value
}

exports.hang = async (input) => {
  count(input)
  await null
  for (;;);
}

/** On the floor of a pool: how many `alone` run, how often `beat` has beaten, how many `alone` have ended. */
const [RUNNING, BEATS, ENDED] = [0, 1, 2]

exports.beat = ({ floor }) => {
  for (;;) Atomics.add(floor, BEATS, 1)
}

/** Runs beside others only if `most` allows. */
exports.alone = ({ floor, most, milliseconds }) => {
  const others = Atomics.add(floor, RUNNING, 1)
  const [beats, ended] = [Atomics.load(floor, BEATS), Atomics.load(floor, ENDED)]
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  const isBeaten = Atomics.load(floor, BEATS) !== beats
  // If none of the others has ended meanwhile, they ran beside that which beat.
  const isCrowded =
    others + 1 > most || (isBeaten && others + 2 > most && Atomics.load(floor, ENDED) === ended)
  Atomics.sub(floor, RUNNING, 1)
  Atomics.add(floor, ENDED, 1)
  return isCrowded ? `${others + 1} run, and one that beats: ${isBeaten}` : 'no more than may'
}

exports.touch = (input) => {
  const touched = typeof performance.now() + typeof crypto.subtle + typeof TransformStream
  return touched === 'numberobjectfunction' ? input.value : touched
}

exports.exit = (input) => {
  count(input)
  process.exit(input.code)
}

exports.throwLater = (input) => {
  count(input)
  setTimeout(() => {
    throw new Error('later')
  })
  return new Promise(() => {})
}

exports.rejectUnheard = (input) => {
  count(input)
  Promise.reject(new Error('unheard'))
  return new Promise(() => {})
}

exports.exhaust = (input) => {
  count(input)
  const hoard = []
  for (;;) hoard.push(new Array(1000).fill(hoard.length))
}

exports.unsendable = (input) => {
  count(input)
  return { value: () => {} }
}

exports.getter = (input) => {
  count(input)
  return {
    get value() {
      for (;;);
    }
  }
}

exports.fill = ({ buffer, byte }) => {
  new Uint8Array(buffer).fill(byte)
  return buffer
}
