'use strict'

// The bridge's table of verbs, as `python -m reference` made it. No I/O.

const table = require('./verbs.json')

/** Version of the contract that this package speaks. */
const SCHEMA_VERSION = table.schema_version

/** The row of a verb; undefined for one that this package does not know, and a newer bridge may. */
function find (scope, name) {
  return (table.verbs[scope] || []).find((row) => row.name === name)
}

module.exports = { SCHEMA_VERSION, find, table }
