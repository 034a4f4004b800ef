'use strict'

// A command: what the editor and the message say becomes a topic and a payload. No I/O, no clock.

const { Mistake } = require('./mistake')
const channels = require('./channels')
const topics = require('./topics')
const verbs = require('./verbs')

const EXPIRES_S = 10
const EXPIRES_MAX_S = 86400
/** How long after its deadline an answer is still waited for: it may be on the way. */
const GRACE_S = 5
const ID_MAX = 128

/**
 * @typedef {object} Wish what is to be done, with all that editor and message said about it
 * @property {'channel' | 'cycler' | 'bridge' | 'all'} scope
 * @property {string} verb
 * @property {*} [cycler]
 * @property {*} [channels]
 * @property {*} [bridge]
 * @property {*} [args]
 * @property {*} [expiresIn] seconds
 * @property {boolean} [dryRun]
 * @property {boolean} [atomic]
 * @property {*} [staggerS]
 * @property {*} [expect]
 * @property {*} [id]
 */

/**
 * A command as it is published, again and again, until its final acknowledgement is there.
 *
 * @param {Wish} wish
 * @param {{root: string, username: string, now: number, newId: () => string}} context `now` in ms since 1970
 * @throws {Mistake}
 */
function makeCommand (wish, context) {
  if (context.username && !topics.isName(context.username)) {
    throw new Mistake(`the user name ${JSON.stringify(context.username)} cannot stand in a command's topic: ` +
      'a-z, 0-9, _ and - only', 'connection')
  }
  const verb = verbName(wish.verb)
  const row = verbs.find(wish.scope, verb)
  const place = PLACES[wish.scope](wish)
  const id = commandId(wish.id, context.newId)
  const expiresS = seconds(wish.expiresIn, EXPIRES_S, EXPIRES_MAX_S, 'expires_in')
  const staggerS = place.payload.channels === undefined ? 0 : seconds(wish.staggerS, 0, verbs.table.stagger_max_s, 'stagger_s')
  const expiresAt = context.now + Math.round(expiresS * 1000)
  const payload = { id, ...place.payload, args: args(wish.args, row), expires_at: expiresAt }
  if (staggerS > 0) payload.stagger_s = staggerS
  if (wish.atomic && place.payload.channels !== undefined) payload.atomic = true
  if (wish.dryRun) payload.dry_run = true
  if (wish.expect !== undefined && wish.expect !== null) payload.expect = expectation(wish.expect)
  return {
    id,
    verb,
    scope: wish.scope,
    cycler: place.cycler,
    channel: place.channel,
    bridge: place.bridge,
    ranges: place.ranges,
    stops: Boolean(row && row.stops) && !wish.dryRun,
    reads: Boolean(row && row.reads),
    principal: context.username || topics.ANONYMOUS,
    topic: topics.commandTopic(context.root, place.base, verb, context.username),
    payload: JSON.stringify(payload),
    expiresAt,
    until: expiresAt + 1000 * (GRACE_S + staggerS * channels.count(place.ranges || []))
  }
}

const PLACES = {
  channel (wish) {
    const cycler = cyclerName(wish.cycler)
    const ranges = channels.parseChannels(wish.channels, 'channel')
    const channel = channels.single(wish.channels)
    if (channel !== undefined) return { base: `${cycler}/${channel}`, cycler, channel, ranges, payload: {} }
    return { base: cycler, cycler, ranges, payload: { channels: channels.several(wish.channels, 'channel') } }
  },
  cycler (wish) {
    const cycler = cyclerName(wish.cycler)
    return { base: cycler, cycler, payload: {} }
  },
  bridge (wish) {
    if (!topics.isName(wish.bridge)) throw new Mistake(`${JSON.stringify(wish.bridge)} is no bridge: a-z, 0-9, _ and - only`, 'bridge')
    return { base: `bridge/${wish.bridge}`, bridge: wish.bridge, payload: {} }
  },
  all () {
    return { base: 'all', payload: {} }
  }
}

function cyclerName (value) {
  if (topics.isCycler(value)) return value
  throw new Mistake(value === undefined || value === '' || value === null
    ? 'no cycler was given'
    : `${JSON.stringify(value)} is no cycler: a-z, 0-9, _ and - only`, 'cycler')
}

function verbName (value) {
  // Longer words, and those that would be several levels of the topic, name no verb.
  if (typeof value === 'string' && /^[^/+#\0\s]{1,64}$/.test(value)) return value
  throw new Mistake(value === undefined || value === '' || value === null ? 'no verb was given' : `${JSON.stringify(value)} is no verb`, 'verb')
}

function commandId (value, newId) {
  if (value === undefined || value === null || value === '') return newId()
  // The bridge counts characters, JavaScript those beyond the first plane twice.
  if (typeof value === 'string' && [...value].length <= ID_MAX) return value
  throw new Mistake(`an id is a text of 1 to ${ID_MAX} characters`, 'command_id')
}

function seconds (value, standard, max, field) {
  if (value === undefined || value === null || value === '') return standard
  const number = typeof value === 'boolean' ? NaN : Number(value)
  if (number >= 0 && number <= max) return number
  throw new Mistake(`${field} is a number of seconds from 0 to ${max}, not ${JSON.stringify(value)}`, field)
}

/** The arguments; of a verb that has none, whatever came is no argument, so that no stop fails for it. */
function args (value, row) {
  if (row && row.args.length === 0) return {}
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)) return value
  if (row && row.args.every((each) => !each.required) && isNoArgument(value)) return {}
  const needed = row ? row.args.filter((each) => each.required).map((each) => each.name) : []
  throw new Mistake('the arguments are no object' + (needed.length ? ` with ${needed.join(', ')}` : ''), 'args')
}

/** What buttons and timers send without meaning anything by it. */
function isNoArgument (value) {
  return value === undefined || value === null || value === '' || typeof value === 'number' || typeof value === 'boolean'
}

function expectation (value) {
  if (typeof value === 'object' && !Array.isArray(value)) return value
  throw new Mistake('expect is an object with state, test_name or state_seq', 'expect')
}

/** Whether a stop is also for the channels of an earlier command. */
function covers (stop, earlier) {
  if (stop.scope === 'all') return earlier.scope === 'channel'
  return stop.scope === 'channel' && earlier.scope === 'channel' && stop.cycler === earlier.cycler &&
    channels.overlap(stop.ranges, earlier.ranges)
}

module.exports = { makeCommand, covers, EXPIRES_S, GRACE_S }
