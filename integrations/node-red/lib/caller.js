'use strict'

// Commands under way on a link: sent again with the same id until their final acknowledgement comes.

const { randomBytes } = require('node:crypto')
const answers = require('./answers')
const topics = require('./topics')
const { covers } = require('./command')

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 4_000

/** A command that waits; `onProgress` is called when one of the first three changes. */
class Call {
  constructor (command, onProgress) {
    this.deliveries = 0
    this.isAccepted = false
    this.refusal = '' // what the broker said against it
    this.command = command
    this.onProgress = onProgress
    this.token = randomBytes(16)
    this.pauseMs = FIRST_PAUSE_MS
    this.isWithdrawn = false
    this.byBridge = new Map()
    this.answer = new Promise((resolve) => { this.resolve = resolve })
  }
}

class Caller {
  /**
   * @param {import('./link').Link} link
   * @param {import('./bridges').Bridges} bridges
   * @param {() => number} now ms since 1970
   */
  constructor (link, bridges, now = Date.now) {
    this.link = link
    this.bridges = bridges
    this.now = now
    this.calls = new Set()
    this.stopListening = link.listen({
      filters: [link.replyTopic, ...topics.acknowledgementFilters(link.root)],
      take: (message) => this.#take(message)
    })
    this.onReady = () => this.#connected()
    link.on('ready', this.onReady)
  }

  /**
   * Send a command until it is answered.
   *
   * @param {object} command of `makeCommand`
   * @param {() => void} [onProgress] is called when it was sent, accepted or refused by the broker
   * @returns {Call} whose `answer` is a promise of the outcome; it is never rejected
   */
  call (command, onProgress = () => {}) {
    const call = new Call(command, onProgress)
    if (command.stops) this.#withdraw(command)
    this.calls.add(call)
    this.#attempt(call)
    return call
  }

  /** Wait no longer, and say so. */
  abandon (call) {
    this.#settle(call, answers.abandoned(call.command, call.deliveries))
  }

  close () {
    for (const call of [...this.calls]) this.abandon(call)
    this.link.off('ready', this.onReady)
    this.stopListening()
  }

  /**
   * A stop was given: earlier commands of its channels are not sent any more, lest one that was lost on
   * its way starts what was stopped.
   */
  #withdraw (stop) {
    for (const call of [...this.calls]) {
      if (call.command.stops || call.command.reads || !covers(stop, call.command)) continue
      if (call.deliveries === 0) this.#settle(call, answers.overtaken(call.command))
      else call.isWithdrawn = true
    }
  }

  #connected () {
    for (const call of [...this.calls]) {
      call.pauseMs = FIRST_PAUSE_MS
      this.#attempt(call)
    }
  }

  #attempt (call) {
    const now = this.now()
    const { command } = call
    if (call.deliveries === 0 && now >= command.expiresAt) {
      this.#settle(call, answers.expired(command, this.link.reason || 'it had passed already'))
      return
    }
    if (now >= command.until) {
      this.#settle(call, this.#unanswered(call))
      return
    }
    if (!call.isWithdrawn) this.#send(call)
    this.#rest(call, call.pauseMs)
  }

  /** Wait until it is time to send it again, or too late for that. */
  #rest (call, pauseMs) {
    clearTimeout(call.timer)
    const end = call.deliveries === 0 ? call.command.expiresAt : call.command.until
    call.timer = setTimeout(() => this.#attempt(call), Math.min(pauseMs, end - this.now()))
    call.pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
  }

  #send (call) {
    // Answers to "all" by a Response Topic would not tell which bridge it is that answers.
    const properties = call.command.scope === 'all'
      ? undefined
      : { responseTopic: this.link.replyTopic, correlationData: call.token }
    const onRefused = (reason) => { call.refusal = reason; call.onProgress() }
    if (!this.link.publish(call.command.topic, call.command.payload, properties, onRefused)) return
    call.deliveries++
    call.onProgress()
  }

  #take ({ topic, source, value, packet }) {
    if (typeof value !== 'object' || value === null) return
    for (const call of [...this.calls]) {
      if (this.#isFor(call, topic, value, packet)) this.#answered(call, source, value)
    }
  }

  #isFor ({ command, token }, topic, ack, packet) {
    if (topic === this.link.replyTopic) {
      const correlation = packet.properties && packet.properties.correlationData
      return Boolean(correlation) && token.equals(correlation)
    }
    return ack.id === command.id && ack.principal === command.principal
  }

  #answered (call, source, ack) {
    if (!answers.isFinal(ack)) {
      if (ack.status === 'accepted' && ack.part !== true) this.#accepted(call)
      call.onProgress()
      return
    }
    if (call.command.scope !== 'all') {
      this.#settle(call, { ...ack, deliveries: call.deliveries })
      return
    }
    if (!source || source.scope !== 'bridge') return
    call.byBridge.set(source.name, ack)
    if (this.bridges.answering.every((name) => call.byBridge.has(name))) {
      this.#settle(call, { ...answers.together(call.byBridge), deliveries: call.deliveries })
    }
  }

  /** A bridge has it, so only its answer can still be lost: repeats would only keep it busy. */
  #accepted (call) {
    if (call.isAccepted) return
    call.isAccepted = true
    if (!call.command.stops) this.#rest(call, LONGEST_PAUSE_MS)
  }

  #unanswered (call) {
    const nothing = answers.noAnswer(call.command, call, this.bridges.silence(call.command))
    return call.byBridge.size ? { ...nothing, bridges: Object.fromEntries(call.byBridge) } : nothing
  }

  #settle (call, answer) {
    if (!this.calls.delete(call)) return
    clearTimeout(call.timer)
    call.resolve(answer)
  }
}

module.exports = { Caller }
