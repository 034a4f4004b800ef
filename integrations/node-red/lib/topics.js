'use strict'

// Every topic that the nodes publish or subscribe, made and read here. No I/O.

const ANONYMOUS = 'anonymous'
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/
const RESERVED = new Set(['bridge', 'reply', 'all'])
const CHANNEL = /^[1-9][0-9]{0,4}$/

/** Whether a cycler, bridge or principal may have this name. */
function isName (text) {
  return typeof text === 'string' && NAME.test(text)
}

/** Whether a cycler may have this name. */
function isCycler (text) {
  return isName(text) && !RESERVED.has(text)
}

/** Where a command goes; somebody without a user name leaves the last level out. */
function commandTopic (root, place, verb, username) {
  return [root, place, 'cmd', verb, ...(username ? [username] : [])].join('/')
}

/** Where answers by a Response Topic come. */
function replyTopic (root, username, client) {
  return `${root}/reply/${username || ANONYMOUS}/${client}`
}

/** Filters of acknowledgements: of channels, cyclers and bridges. */
function acknowledgementFilters (root) {
  return [`${root}/+/+/telemetry/ack`, `${root}/+/telemetry/ack`, `${root}/bridge/+/ack`]
}

/** Filters of what tells which bridges are there. */
function bridgeFilters (root) {
  return [`${root}/bridge/+/status`, `${root}/bridge/+/info`]
}

/**
 * Who published a message, as its topic says.
 *
 * @returns {{scope: string, name: string, leaf: string, channel?: number} | undefined}
 *   `leaf` is `status`, `info`, `ack`, `state`, `reading`, `alarm/limit`, ...
 */
function parse (root, topic) {
  if (!topic.startsWith(`${root}/`)) return undefined
  const [first, second, ...rest] = topic.slice(root.length + 1).split('/')
  if (first === 'bridge') return rest.length === 1 && isName(second) ? { scope: 'bridge', name: second, leaf: rest[0] } : undefined
  if (!isCycler(first)) return undefined
  if (second === 'telemetry') return rest.length > 0 ? { scope: 'cycler', name: first, leaf: rest.join('/') } : undefined
  if (rest.length === 0) return second ? { scope: 'cycler', name: first, leaf: second } : undefined
  if (!CHANNEL.test(second) || rest[0] !== 'telemetry' || rest.length < 2) return undefined
  return { scope: 'channel', name: first, channel: Number(second), leaf: rest.slice(1).join('/') }
}

/** Whether a topic matches a filter with wildcards. */
function matches (filter, topic) {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (wanted.at(-1) === '#') {
    wanted.pop()
    levels.length = Math.min(levels.length, wanted.length)
  }
  return wanted.length === levels.length && wanted.every((level, at) => level === '+' || level === levels[at])
}

module.exports = {
  ANONYMOUS, isName, isCycler, commandTopic, replyTopic, acknowledgementFilters, bridgeFilters, parse, matches
}
