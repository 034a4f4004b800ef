'use strict'

// What became of a command: acknowledgements of bridges, and what is said where there is none. No I/O.

/** From the best to the worst, as the bridge orders those of a command for several channels. */
const WORSE = ['done', 'rejected', 'superseded', 'expired', 'failed', 'unknown', 'no_answer']

/** Whether an acknowledgement is the last one of a whole command, and not of one of its channels. */
function isFinal (ack) {
  return typeof ack === 'object' && ack !== null && ack.final === true && ack.part !== true
}

/** The worse of two statuses; one that is not known here is worst. */
function worse (one, other) {
  const rank = (status) => WORSE.includes(status) ? WORSE.indexOf(status) : WORSE.length
  return rank(one) >= rank(other) ? one : other
}

/** What all answers that no bridge gave have in common. */
function own (command, status, error, deliveries) {
  const { id, verb, cycler, channel, principal } = command
  return {
    id, command: verb, cycler, channel, principal, status, final: status !== 'no_answer',
    error: { retryable: false, ...error }, deliveries
  }
}

/** Nothing came until the deadline and the grace after it had passed: nothing is known. */
function noAnswer (command, { deliveries, refusal = '', isWithdrawn = false }, silence = '') {
  return own(command, 'no_answer', {
    code: 'NO_ANSWER',
    category: 'transport',
    message: `no answer to ${command.topic}, sent ${deliveries} times` + (refusal && ` (the broker: ${refusal})`) +
      (isWithdrawn ? ' until a stop came' : '') + (silence && ` (${silence})`) +
      `: whether it was carried out is not known here; ask the bridge with the verb query and the id ${command.id}, or send it again with that id as msg.command_id`
  }, deliveries)
}

/** It was waited for no longer, since its node was closed. */
function abandoned (command, deliveries) {
  if (deliveries === 0) return neverSent(command, 'superseded', 'CANCELLED', 'the flow was stopped before it could be sent')
  return own(command, 'no_answer', {
    code: 'NO_ANSWER',
    category: 'transport',
    message: `the flow was stopped while ${command.topic} was waited for: whether it was carried out is not known here; ` +
      `ask the bridge with the verb query and the id ${command.id}`
  }, deliveries)
}

/** It never left this program. */
function neverSent (command, status, code, message, retryable = false) {
  return own(command, status, { code, category: 'precondition', message, retryable }, 0)
}

/** There was no connection until its deadline. */
function expired (command, reason) {
  return neverSent(command, 'expired', 'EXPIRED', `it was not sent: no connection to the broker before its deadline (${reason})`, true)
}

/** A stop of its channels came before it could be sent. */
function overtaken (command) {
  return neverSent(command, 'superseded', 'STOPPED', 'it was not sent: a stop of its channels came first', true)
}

/** The message or the settings cannot mean a command. */
function mistaken (wish, mistake) {
  const text = (value) => typeof value === 'string' && value !== '' ? value : undefined
  return {
    id: text(wish.id) ?? null, command: text(wish.verb), cycler: text(wish.cycler), status: 'rejected', final: true,
    error: { code: mistake.code, category: 'schema', message: mistake.message, field: mistake.field, retryable: false },
    deliveries: 0
  }
}

/**
 * One answer of those of several bridges.
 *
 * @param {Map<string, object>} byBridge acknowledgement of each bridge
 */
function together (byBridge) {
  const answers = [...byBridge.values()]
  const status = answers.map((ack) => ack.status).reduce(worse)
  const found = { ...answers.find((ack) => ack.status === status), bridges: Object.fromEntries(byBridge) }
  const results = answers.flatMap((ack) => ack.results || [])
  return results.length ? { ...found, results } : found
}

/** Its error; of a summary, that of the first channel that ended as the summary says. */
function problemOf (ack) {
  if (ack.error) return ack.error
  const part = (ack.results || []).find((each) => each.status === ack.status && each.error)
  return part && part.error
}

module.exports = { isFinal, worse, noAnswer, abandoned, neverSent, expired, overtaken, mistaken, together, problemOf }
