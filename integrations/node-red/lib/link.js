'use strict'

// One connection to the broker, which comes back by itself. The only file that knows MQTT.js.
//
// Each connection is a client of MQTT.js of its own. Its stores are thrown away with it, so that nothing
// that was published on an earlier connection is sent again by itself, however late: whoever wants a
// command repeated does so, and looks at its deadline first.

const { randomUUID } = require('node:crypto')
const { EventEmitter } = require('node:events')
const mqtt = require('mqtt')
const topics = require('./topics')
const { Versions } = require('./versions')

/** Of the first attempts: some brokers of 3.1.1 never answer one by MQTT 5. */
const FIRST_TIMEOUT_MS = 2_500
const LONGEST_TIMEOUT_MS = 20_000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000
const KEEPALIVE_S = 10
/** How long a broker of MQTT 5 keeps what comes while we are away; an interruption up to that loses nothing. */
const SESSION_S = 60
const MAX_INCOMING_BYTES = 1 << 20
const CLOSE_MS = 1_000

/**
 * Emits `state` when it or its reason changes, and `ready` when the broker listens to us anew.
 *
 * @typedef {{filters: string[], take: (message: Message) => void}} Listener
 * @typedef {{topic: string, source: object | undefined, value: *, packet: object}} Message
 *   `value` is undefined where the payload was empty
 */
class Link extends EventEmitter {
  /**
   * @param {{url: string, username?: string, password?: string, tls?: object, protocol?: string, root: string,
   *   log: {debug: Function, warn: Function}}} settings
   */
  constructor (settings) {
    super()
    this.setMaxListeners(0)
    this.settings = settings
    this.root = settings.root
    this.username = settings.username || ''
    this.clientId = `node-red-macnet-${randomUUID().slice(0, 13)}`
    this.replyTopic = topics.replyTopic(this.root, this.username, this.clientId)
    /** `waiting` before the first attempt and between two, `connecting`, `connected`, `closed`. */
    this.state = 'waiting'
    this.reason = 'not connected yet'
    /** What was in the way of the last attempt, in the words of the system or the broker. */
    this.obstacle = ''
    this.listeners_ = new Set()
    this.versions = new Versions(settings.protocol || 'auto')
    this.pauseMs = FIRST_PAUSE_MS
    this.timeoutMs = FIRST_TIMEOUT_MS
  }

  /** Whether the broker listens to us and we to it. */
  get isReady () {
    return this.state === 'connected'
  }

  /** Whether there is a connection at all; what is retained may come before the broker says that it listens. */
  get hasConnection () {
    return Boolean(this.client?.connected)
  }

  /** 5 or 4, of the connection that there is. */
  get version () {
    return this.versions.current
  }

  /** Begin. Doing so again does nothing. */
  open () {
    if (this.client || this.timer || this.state === 'closed') return
    this.#connect()
  }

  /** End the connection, and the session with it. */
  async close () {
    this.#say('closed', 'the flow was stopped')
    clearTimeout(this.timer)
    const client = this.client
    this.client = undefined
    if (!client) return
    const end = new Promise((resolve) => client.end(!client.connected, { properties: { sessionExpiryInterval: 0 } }, resolve))
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())
    await Promise.race([end, late])
    client.end(true)
  }

  /**
   * Let a listener have what matches its filters. What is retained comes (again), to all who listen to it.
   *
   * @param {Listener} listener
   * @returns {() => void} which ends it
   */
  listen (listener) {
    this.listeners_.add(listener)
    if (this.isReady) this.#subscribe(listener.filters)
    return () => {
      this.listeners_.delete(listener)
      const left = new Set(this.#filters())
      const unused = listener.filters.filter((filter) => !left.has(filter))
      if (this.isReady && unused.length) this.client.unsubscribe(unused, () => {})
    }
  }

  /**
   * Publish with QoS 1. false = there is no connection, and it was not and will not be sent.
   *
   * @param {(reason: string) => void} onRefused is told why the broker, or its limits, did not let it pass
   */
  publish (topic, payload, properties, onRefused) {
    if (!this.isReady || !this.client.connected) return false
    const options = this.version === 5 ? { qos: 1, properties } : { qos: 1 }
    const client = this.client
    client.publish(topic, payload, options, (error) => {
      if (error && client.connected) onRefused(error.message) // else the connection ended, which says nothing
    })
    return true
  }

  #filters () {
    return [...new Set([...this.listeners_].flatMap((listener) => listener.filters))]
  }

  #say (state, reason) {
    if (this.state === state && this.reason === reason) return
    this.state = state
    this.reason = reason
    this.emit('state')
  }

  // -- connecting

  #connect () {
    this.timer = undefined
    const attempt = { reached: false, code: undefined, reason: 'it ended the connection' }
    let client
    try {
      client = mqtt.connect(this.settings.url, this.#options())
    } catch (error) {
      this.#say('waiting', error.message) // a URL that is none: no attempt will do better
      return
    }
    this.client = client
    if (this.reason === 'not connected yet') this.#say('connecting', 'connecting')
    client.stream.once(this.settings.url.startsWith('mqtts') ? 'secureConnect' : 'connect', () => { attempt.reached = true })
    client.stream.setNoDelay?.(true) // or each command waits for an acknowledgement of the system's below it
    client.on('error', (error) => { attempt.code = error.code; attempt.reason = reasonOf(error) })
    client.on('connect', () => this.#connected(client))
    client.on('message', (topic, payload, packet) => this.#take(topic, payload, packet))
    client.on('close', () => this.#lost(client, attempt))
  }

  #options () {
    const { username, password, tls } = this.settings
    const v5 = this.version === 5
    return {
      ...tls,
      clientId: this.clientId,
      username: username || undefined,
      password: password || undefined,
      protocolVersion: this.version,
      // A 3.1.1 broker would keep a session for ever.
      clean: !v5,
      properties: v5 ? { sessionExpiryInterval: SESSION_S, maximumPacketSize: MAX_INCOMING_BYTES } : undefined,
      keepalive: KEEPALIVE_S,
      connectTimeout: this.timeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false
    }
  }

  #connected (client) {
    if (client !== this.client) return
    this.versions.worked()
    this.#subscribe(this.#filters(), () => {
      if (client !== this.client || !client.connected) return
      this.pauseMs = FIRST_PAUSE_MS
      this.timeoutMs = FIRST_TIMEOUT_MS
      this.#say('connected', '')
      // Those who came meanwhile.
      this.#subscribe(this.#filters())
      this.emit('ready')
    })
  }

  #subscribe (filters, then = () => {}) {
    if (filters.length === 0) { then(); return }
    this.client.subscribe(filters, { qos: 1 }, (error) => {
      if (error) this.settings.log.warn(`the broker does not let us subscribe: ${error.message}`)
      then()
    })
  }

  #lost (client, attempt) {
    if (client !== this.client) return
    client.end(true)
    this.client = undefined
    this.versions.failed(attempt)
    this.obstacle = attempt.reason
    this.#say('waiting', `no connection to ${this.settings.url}: ${attempt.reason}`)
    this.timer = setTimeout(() => this.#connect(), this.pauseMs * (0.5 + Math.random() / 2))
    this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS)
    // A slow line has its time at last.
    this.timeoutMs = Math.min(1.5 * this.timeoutMs, LONGEST_TIMEOUT_MS)
  }

  // -- what comes in

  #take (topic, payload, packet) {
    let value
    try {
      value = payload.length ? JSON.parse(payload.toString('utf8')) : undefined
    } catch {
      this.settings.log.debug(`${topic}: no JSON`)
      return
    }
    const message = { topic, source: topics.parse(this.root, topic), value, packet }
    for (const listener of [...this.listeners_]) {
      if (!listener.filters.some((filter) => topics.matches(filter, topic))) continue
      try {
        listener.take(message)
      } catch (error) {
        // It would end Node-RED.
        this.settings.log.warn(`${topic}: ${error.stack}`)
      }
    }
  }
}

function reasonOf (error) {
  // Node says both addresses of "localhost" in an error of its own, without a message.
  const inner = error.errors ? error.errors[0] : error
  return inner.message || inner.code || String(inner)
}

module.exports = { Link }
