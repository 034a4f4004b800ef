'use strict'

// What of all that is published a readings node lets through, and what is missing. No I/O, no clock.

const channels = require('./channels')
const { Mistake } = require('./mistake')
const topics = require('./topics')
const { ReadingOrder } = require('./order')

const KINDS = ['reading', 'sweep', 'aux', 'event']
const EVENTS_REMEMBERED = 1000

/**
 * What a readings node wants.
 *
 * @param {{cycler?: string, channels?: string, which?: string} & Record<string, boolean>} config
 * @throws {Mistake}
 */
function wanted (config) {
  const cycler = (config.cycler || '').trim()
  if (cycler !== '' && !topics.isCycler(cycler)) throw new Mistake(`${JSON.stringify(cycler)} is no cycler: a-z, 0-9, _ and - only`, 'cycler')
  const kinds = KINDS.filter((kind) => config[kind])
  if (kinds.length === 0) throw new Mistake('choose at least one kind', 'kinds')
  const which = config.which || 'live'
  return { cycler, kinds, which, ranges: wantedChannels(config.channels) }
}

/** Those of a text, where an empty one means all. */
function wantedChannels (text) {
  return channels.parseChannels((text || '').trim() || 'all', 'channels')
}

/** The filters to subscribe to. */
function filters (root, { cycler, kinds }) {
  const place = `${root}/${cycler || '+'}`
  return kinds.map((kind) => kind === 'sweep' ? `${place}/telemetry/sweep` : `${place}/+/telemetry/${kind}`)
}

/** What one node has let through so far. */
class Telemetry {
  #orders = new Map()
  #events = new Set()
  #newest = new Map() // of sweeps and auxiliary inputs, by topic

  constructor (want) {
    this.want = want
  }

  /**
   * What a message brings.
   *
   * @returns {{value?: object, gaps: object[]}} the value to hand on, or none, and readings that are missing
   */
  take ({ topic, source, value }) {
    const nothing = { gaps: [] }
    if (!source || !isObject(value) || !this.want.kinds.includes(source.leaf)) return nothing
    if (source.scope === 'channel' && !channels.includes(this.want.ranges, source.channel)) return nothing
    return this[source.leaf](topic, value)
  }

  reading (topic, value) {
    if (!Number.isInteger(value.run) || !Number.isInteger(value.seq)) return { gaps: [] }
    if (!this.#orders.has(topic)) this.#orders.set(topic, new ReadingOrder())
    const { isNew, gaps } = this.#orders.get(topic).take(value)
    return { value: isNew && this.#isOfTime(value) ? value : undefined, gaps }
  }

  event (_topic, value) {
    if (this.#events.has(value.id)) return { gaps: [] }
    this.#events.add(value.id)
    if (this.#events.size > EVENTS_REMEMBERED) this.#events.delete(this.#events.values().next().value)
    return { value: this.#isOfTime(value) ? value : undefined, gaps: [] }
  }

  sweep (topic, value) {
    if (this.want.which === 'historical' || !this.#isNewer(topic, value)) return { gaps: [] }
    return { value: columns(value, this.want.ranges), gaps: [] }
  }

  aux (topic, value) {
    if (this.want.which === 'historical' || !this.#isNewer(topic, value)) return { gaps: [] }
    return { value, gaps: [] }
  }

  #isOfTime (value) {
    return this.want.which === 'both' || (this.want.which === 'historical') === Boolean(value.is_historical)
  }

  /** What is never historical comes in order; the same again is a double. */
  #isNewer (topic, value) {
    const mark = `${value.run} ${value.seq} ${value.unix_time_second}`
    if (this.#newest.get(topic) === mark) return false
    this.#newest.set(topic, mark)
    return true
  }
}

/** A sweep with these channels alone; undefined where none of them is in it. */
function columns (sweep, ranges) {
  if (ranges === 'all' || !Array.isArray(sweep.channel)) return sweep
  const kept = sweep.channel.map((channel) => channels.includes(ranges, channel))
  if (!kept.includes(true)) return undefined
  const isColumn = (each) => Array.isArray(each) && each.length === kept.length
  return Object.fromEntries(Object.entries(sweep).map(([key, each]) => [key, isColumn(each) ? each.filter((_, at) => kept[at]) : each]))
}

function isObject (value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

module.exports = { KINDS, wanted, wantedChannels, filters, Telemetry }
