'use strict'

// One file a scenario, all with the same surface:
//
//   name, title        what `--only` takes, and the heading of its tables
//   contenders         ids of those it means something for
//   variants           labels and settings under which it runs; each has tables of its own
//   rounds             most rounds it runs in; none: in all; quickRounds: the same when in a hurry
//   metrics            by key: title, unit (see harness/format.js), and whether more or less is better
//   targets            { metric, least | most, of }: Threadmill's median, divided by that of `of`:
//                      a contender's id, 'best peer', { metric } of its own, or nothing, for the median itself
//   report(scenario, figures)   where there are too many variants for tables of their own: the lines in their place
//   afterRound()       a promise of the end of what a round has left open
//   measure(contender, { workers, quick })   a promise of one figure for each metric that the contender has

module.exports = [
  require('./javascript.js'),
  require('./many.js'),
  require('./latency.js'),
  require('./native.js'),
  require('./cpu.js'),
  require('./payload.js'),
  require('./carry.js'),
  require('./buffers.js'),
  require('./start.js'),
  require('./memory.js'),
  require('./idle.js')
]
