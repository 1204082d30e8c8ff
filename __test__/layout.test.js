'use strict'

// What JavaScript and Rust both know by heart: they must know the same.

const { NativePool } = require('../lib/addon.js')
const layout = require('../lib/wire/layout.js')

const rust = JSON.parse(NativePool.layout())

test('both sides have the same numbers, under the same names', () => {
  expect(rust).toEqual(layout)
})
