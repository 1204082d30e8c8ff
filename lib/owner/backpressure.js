'use strict'

// Whether the queue is as long as it may be, and who is told.
class Backpressure {
  #news
  /** Whether whoever submits should wait for 'drain'. */
  isHigh = false

  /** @param {InstanceType<typeof import('./news.js').News>} news */
  constructor(news) {
    this.#news = news
  }

  full() {
    if (this.isHigh) return
    this.isHigh = true
    this.#news.say('needsDrain')
  }

  drained() {
    this.isHigh = false
    this.#news.say('drain')
  }
}

module.exports = { Backpressure }
