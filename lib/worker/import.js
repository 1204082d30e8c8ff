'use strict'

/** A file that is not bundled: what is compiled with a code cache has no loader of its own. */
module.exports = (/** @type {string} */ specifier) => import(specifier)
