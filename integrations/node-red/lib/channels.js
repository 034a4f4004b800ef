'use strict'

// Channels as people write them: 5, [1, 2], "1-16,33" or "all". No I/O.

const { Mistake } = require('./mistake')

const CHANNEL_MAX = 65535
const HINT = 'channels are 5, [1, 2], 1-16,33 or all'

/** A channel's number, or a Mistake. */
function channel (value, field) {
  const number = typeof value === 'string' && /^[0-9]+$/.test(value.trim()) ? Number(value) : value
  if (!Number.isInteger(number) || number < 1 || number > CHANNEL_MAX) {
    throw new Mistake(`${JSON.stringify(value)} is no channel; ${HINT}`, field)
  }
  return number
}

function range (part, field) {
  const [first, last, more] = part.split('-')
  const from = channel(first, field)
  const to = last === undefined ? from : channel(last, field)
  if (more !== undefined || to < from) throw new Mistake(`${JSON.stringify(part)} is no range; ${HINT}`, field)
  return { from, to }
}

/**
 * The channels that a value means.
 *
 * @returns {'all' | {from: number, to: number}[]} ranges in the order they were written
 * @throws {Mistake}
 */
function parseChannels (value, field) {
  if (Array.isArray(value) && value.length > 0) {
    return value.map((each) => { const one = channel(each, field); return { from: one, to: one } })
  }
  if (typeof value === 'number') return [range(String(channel(value, field)), field)]
  if (typeof value !== 'string' || value.trim() === '') throw new Mistake(`${HINT}, and none was given`, field)
  const text = value.trim()
  return text === 'all' ? 'all' : text.split(',').map((part) => range(part.trim(), field))
}

/** The channel, where a value means one alone and is no list; else undefined. */
function single (value) {
  if (Array.isArray(value)) return undefined
  const text = String(value).trim()
  return /^[0-9]+$/.test(text) ? Number(text) : undefined
}

/** As the bridge wants several: a list of numbers, or a text without spaces. */
function several (value, field) {
  parseChannels(value, field)
  return Array.isArray(value) ? value.map((each) => channel(each, field)) : String(value).replace(/\s/g, '')
}

/** How many channels; of `all`, as many as the largest testers have. */
function count (ranges) {
  return ranges === 'all' ? 128 : ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

/** Whether a channel is among them. */
function includes (ranges, number) {
  return ranges === 'all' || ranges.some(({ from, to }) => from <= number && number <= to)
}

/** Whether two sets of channels have one in common. */
function overlap (some, others) {
  if (some === 'all' || others === 'all') return true
  return some.some((a) => others.some((b) => a.from <= b.to && b.from <= a.to))
}

module.exports = { parseChannels, single, several, count, includes, overlap }
