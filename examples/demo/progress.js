'use strict'

const WIDTH = 40
const REDRAW = 100 // milliseconds

/** A bar where someone watches, a line for every tenth where the output is kept. */
function progress(title, total, stream = process.stdout) {
  return stream.isTTY ? bar(title, total, stream) : lines(title, total, stream)
}

function bar(title, total, stream) {
  let done = 0
  let drawn = 0
  const draw = () => {
    const full = Math.floor((done / total) * WIDTH)
    const percent = `${Math.floor((done / total) * 100)} %`.padStart(5)
    stream.write(`\r${title.padEnd(12)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${percent}`)
    drawn = performance.now()
  }
  draw()
  return {
    step() {
      done++
      if (performance.now() - drawn > REDRAW) draw()
    },
    end() {
      draw()
      stream.write('\n')
    }
  }
}

function lines(title, total, stream) {
  let done = 0
  let tenth = 0
  return {
    step() {
      const now = Math.floor((++done / total) * 10)
      if (now === tenth) return
      tenth = now
      stream.write(`${title.padEnd(12)} ${`${tenth * 10} %`.padStart(5)}\n`)
    },
    end() {}
  }
}

module.exports = { progress }
