'use strict'

// The states of channels and cyclers as they are known now, and whether they still hold. No I/O, no clock.

const channels = require('./channels')

/** The filters to subscribe to. */
function filters (root, cycler) {
  const place = `${root}/${cycler || '+'}`
  return [`${place}/status`, `${place}/+/telemetry/state`]
}

/** What is retained of channels and cyclers, and what of it was told. */
class States {
  #known = new Map() // by topic: {source, value}
  #told = new Map() // by topic: JSON of what was told last

  /**
   * @param {'all' | object[]} ranges channels that are wanted
   * @param {import('./bridges').Bridges} bridges
   */
  constructor (ranges, bridges) {
    this.ranges = ranges
    this.bridges = bridges
  }

  /** Take in a message. Whether it is one of those that are wanted. */
  take ({ topic, source, value }) {
    if (!source || !this.#isWanted(source)) return false
    if (value !== undefined) this.#known.set(topic, { source, value })
    else if (this.#known.has(topic)) this.#known.set(topic, { source, value: undefined })
    return true
  }

  #isWanted ({ scope, leaf, channel }) {
    if (scope === 'cycler') return leaf === 'status'
    return scope === 'channel' && leaf === 'state' && channels.includes(this.ranges, channel)
  }

  /**
   * What is new since it was last told, of one topic or of all.
   *
   * What was retained by a bridge whose status has not come yet is held back, so that a flow that begins
   * does not see all as stale first. `isSettled` says that it should have come by now.
   *
   * @param {{doubt: string, isSettled: boolean, only?: string}} options `doubt`: why nothing holds now;
   *   empty while there is a connection
   * @returns {{topic: string, source: object, payload: object}[]}
   */
  news ({ doubt, isSettled, only }) {
    const found = []
    for (const topic of only ? [only] : [...this.#known.keys()]) {
      if (!isSettled && this.#isEarly(topic)) continue
      const state = this.#state(topic, doubt)
      const text = state && JSON.stringify(state.payload)
      if (!state || this.#told.get(topic) === text) continue
      this.#told.set(topic, text)
      if (state.payload.state === null) this.#known.delete(topic)
      found.push(state)
    }
    return found
  }

  /** All that is known, told or not. */
  all (linkDoubt) {
    return [...this.#known.keys()].map((topic) => this.#state(topic, linkDoubt))
  }

  #isEarly (topic) {
    const value = this.#known.get(topic)?.value
    return value !== undefined && !this.bridges.statuses.has(value.bridge)
  }

  #state (topic, linkDoubt) {
    const known = this.#known.get(topic)
    if (!known) return undefined
    const { source, value } = known
    if (value === undefined) return { topic, source, payload: { state: null, stale: true, stale_reason: 'it is not served any more' } }
    const reason = linkDoubt || this.bridges.doubt(value.bridge, value.session) || doubt(source, value) || null
    return { topic, source, payload: { ...value, stale: reason !== null, stale_reason: reason } }
  }
}

/** Why what the bridge says does not hold by its own words. */
function doubt (source, value) {
  return source.scope === 'channel' && value.quality === 'stale' ? 'the tester does not answer' : undefined
}

/** How many channels and cyclers there are, and how many of them are in doubt, for a dot. */
function summary (states) {
  const of = (scope) => states.filter((state) => state.source.scope === scope)
  const stale = states.filter((state) => state.payload.stale)
  const away = of('cycler').filter((state) => !state.payload.stale && state.payload.state !== 'online')
  return {
    channels: of('channel').length,
    cyclers: of('cycler').length,
    doubts: [
      ...stale.slice(0, 1).map((state) => `${stale.length} stale: ${state.payload.stale_reason}`),
      ...away.slice(0, 1).map((state) => `${state.source.name} is ${state.payload.state}`)
    ]
  }
}

module.exports = { filters, States, summary }
