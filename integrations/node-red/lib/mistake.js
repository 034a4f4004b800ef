'use strict'

/** What a message or a setting cannot mean, in words for the one who made the flow. */
class Mistake extends Error {
  /**
   * @param {string} message what is wrong and what to do
   * @param {string} [field] where it stands: `msg.channel`, `verb`, ...
   * @param {string} [code] of the contract
   */
  constructor(message, field, code = 'BAD_ARGS') {
    super(message)
    this.name = 'Mistake'
    this.field = field
    this.code = code
  }
}

module.exports = { Mistake }
