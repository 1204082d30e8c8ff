'use strict'

const path = require('node:path')

/** The package's folder. This file lies one below it, and so do the bundles that scripts/bundle.js makes of lib/. */
const ROOT = path.join(__dirname, '..')

const BUNDLES = path.join(ROOT, 'dist')

/** Whether a file is one of this package's own. */
const isOwn = (file) =>
  file.startsWith(BUNDLES + path.sep) || file.startsWith(path.join(ROOT, 'lib') + path.sep)

module.exports = { ROOT, BUNDLES, isOwn }
