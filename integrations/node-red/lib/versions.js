'use strict'

// Which version of MQTT the next attempt to connect is to speak. No I/O.

// "unacceptable protocol version" of MQTT 3.1.1, "unsupported protocol version" of MQTT 5.
const NOT_THIS_VERSION = new Set([1, 0x84])

/** Tries MQTT 5, then 3.1.1, until one of them has worked. */
class Versions {
  /** @param {'auto' | '5' | '4'} wanted */
  constructor (wanted) {
    this.current = wanted === '4' ? 4 : 5
    this.isSettled = wanted === '4' || wanted === '5'
  }

  /** The broker has taken us. */
  worked () {
    this.isSettled = true
  }

  /**
   * An attempt came to nothing.
   *
   * @param {{reached: boolean, code?: number | string}} attempt whether something took the connection, and
   *   the number of a refusal: one for another reason says that the version is understood. A word is the
   *   system's, and says nothing
   */
  failed ({ reached, code }) {
    if (this.isSettled || !reached) return
    if (typeof code === 'number' && !NOT_THIS_VERSION.has(code)) return
    this.current = this.current === 5 ? 4 : 5
  }
}

module.exports = { Versions }
