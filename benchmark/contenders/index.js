'use strict'

// One file a contender, all with the same surface:
//
//   id, title         the file's name, and what the tables call it
//   peer              whether it counts for "the best peer"
//   load()            loads the library, where a `require` cannot; nobody times it
//   create({workers}) a pool with so many threads, or with the library's defaults; some take {from, to}, too: one
//                     that grows
//     .run(task, input, transfer)   a promise of what the task returns
//     .destroy()                    a promise of the end of every thread

/** In the order of the tables. */
const ids = [
  'threadmill',
  'piscina',
  'piscina-64',
  'tinypool',
  'workerpool',
  'poolifier',
  'async-task',
  'main-thread',
  'bare-worker'
]

/** Loads nothing but the contender that is asked for. */
const contender = (id) => require(`./${id}.js`)

/** The pools of JavaScript workers. */
const pools = ids.slice(0, 6)

module.exports = { ids, pools, contender }
