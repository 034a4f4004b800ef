'use strict'

const SOON_MS = 1000

/**
 * Shows a node's dot, and only when it is another one: each goes to every browser that has the editor open.
 *
 * @param {{status: (dot: object) => void}} node
 * @param {() => object} dotOf what is to be shown now
 */
class Showing {
  #told = ''

  constructor (node, dotOf) {
    this.node = node
    this.dotOf = dotOf
    /** Bound, so that it can listen to events. */
    this.now = () => this.#show()
    this.soon = () => { this.timer ??= setTimeout(this.now, SOON_MS) }
  }

  #show () {
    clearTimeout(this.timer)
    this.timer = undefined
    const dot = this.dotOf()
    const text = JSON.stringify(dot)
    if (text === this.#told) return
    this.#told = text
    this.node.status(dot)
  }

  stop () {
    clearTimeout(this.timer)
    this.now = this.soon = () => {}
  }
}

module.exports = { Showing }
