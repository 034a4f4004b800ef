'use strict'

// The dots under the nodes. No I/O.
//
// Filled = what the node was told; a ring = what it waits for. Green: as wished. Yellow: open, or doubtful.
// Red: not as wished. Blue: under way.

const answers = require('./answers')

const TEXT_MAX = 48

function dot (fill, shape, text) {
  return { fill, shape, text: text.length > TEXT_MAX ? text.slice(0, TEXT_MAX - 1) + '…' : text }
}

/** Of a link, for all nodes: undefined while it is connected. There is no room for the broker's URL. */
function ofLink ({ state, reason, obstacle }) {
  if (state === 'connected') return undefined
  if (state === 'connecting') return dot('yellow', 'ring', 'connecting')
  return dot('red', 'ring', state === 'waiting' && obstacle ? `no broker: ${obstacle}` : reason)
}

const NO_CONNECTION_NODE = dot('red', 'ring', 'choose a connection')

/** Of what became of a command. */
function ofAnswer (ack) {
  const place = [ack.cycler, ack.channel].filter((each) => each !== undefined).join('/')
  const words = (...more) => [place, ack.command, ...more].filter(Boolean).join(' ')
  if (ack.status === 'done') return dot('green', 'dot', words('done'))
  const problem = answers.problemOf(ack)
  const isOpen = ack.status === 'unknown' || ack.status === 'no_answer'
  return dot(isOpen ? 'yellow' : 'red', 'dot', words(ack.status, problem && problem.code !== 'NO_ANSWER' ? problem.code : ''))
}

/** Of calls under way. */
function ofWaiting (calls) {
  if (calls.length > 1) return dot('blue', 'ring', `${calls.length} commands are waited for`)
  const [{ command, deliveries, isAccepted, refusal }] = calls
  const place = [command.cycler, command.channel].filter((each) => each !== undefined).join('/')
  const words = (text) => [place, command.verb, text].filter(Boolean).join(' ')
  if (isAccepted) return dot('blue', 'dot', words('accepted'))
  if (refusal) return dot('red', 'ring', words(refusal))
  return dot('blue', 'ring', words(deliveries ? 'is waited for' : 'waits for the broker'))
}

/** Of a node that shows what is published: how much came, and what is not as it should be. */
function ofTelemetry (doubts, text) {
  return doubts.length ? dot('yellow', 'dot', doubts[0]) : dot('green', 'dot', text)
}

module.exports = { dot, ofLink, ofAnswer, ofWaiting, ofTelemetry, NO_CONNECTION_NODE }
