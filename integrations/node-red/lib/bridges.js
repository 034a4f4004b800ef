'use strict'

// Which bridges are there, and what they say of themselves. No I/O, no clock.

const { SCHEMA_VERSION } = require('./verbs')

/** What the retained status and info of each bridge say. */
class Bridges {
  constructor () {
    this.statuses = new Map()
    this.infos = new Map()
  }

  /** Take in a message; an empty one clears what was retained. Whether something is new. */
  take (source, value) {
    const known = { status: this.statuses, info: this.infos }[source.leaf]
    if (source.scope !== 'bridge' || !known) return false
    const before = known.get(source.name)
    if (value === undefined) known.delete(source.name)
    else known.set(source.name, value)
    return JSON.stringify(before) !== JSON.stringify(value)
  }

  /** Whether a bridge says that it is online, in this session or in any. */
  isOnline (name, session) {
    const status = this.statuses.get(name)
    return Boolean(status) && status.state === 'online' && (session === undefined || status.session === session)
  }

  /**
   * Those that answer when everything is to stop: that are online and serve a cycler. One that leaves all of
   * its cyclers to others is silent then, so nobody can wait for it. One that has not said which cyclers it
   * has may serve some.
   */
  get answering () {
    return [...this.statuses.keys()].filter((name) => this.isOnline(name) && this.#servesSome(name))
  }

  #servesSome (name) {
    const left = this.statuses.get(name).not_served || {}
    const { cyclers } = this.infos.get(name) || {}
    return !cyclers || cyclers.some((cycler) => !(cycler in left))
  }

  /** Why nobody may answer a command for this cycler or bridge; undefined where the bridges do not tell. */
  silence ({ cycler, bridge }) {
    const online = [...this.statuses.keys()].filter((name) => this.isOnline(name))
    if (online.length === 0) return 'no bridge is online'
    if (bridge !== undefined) {
      return online.includes(bridge) ? undefined : `no bridge ${bridge} is online; there are ${online.sort().join(', ')}`
    }
    const cyclers = online.map((name) => this.infos.get(name)?.cyclers)
    if (cycler === undefined || cyclers.some((known) => !known || known.includes(cycler))) return undefined
    return `no bridge that is online has a cycler ${cycler}; there are ${cyclers.flat().sort().join(', ')}`
  }

  /** Why what a bridge published does not hold now; undefined while it does. */
  doubt (name, session) {
    const status = this.statuses.get(name)
    if (!status) return `nothing is known of bridge ${name}`
    if (status.state !== 'online') return `bridge ${name} is offline` + (status.reason ? `: ${status.reason}` : '')
    if (status.session !== session) return `from an earlier session of bridge ${name}`
    return undefined
  }

  /** Why a bridge that serves this cycler, or is this one, cannot be understood; undefined when it can. */
  misunderstanding ({ cycler, bridge }) {
    for (const [name, info] of this.infos) {
      const concerns = name === bridge || (cycler !== undefined && (info.cyclers || []).includes(cycler))
      if (concerns && this.isOnline(name, info.session) && info.schema_version !== SCHEMA_VERSION) return otherVersion(name, info)
    }
    return undefined
  }

  /** The same of all bridges that are there, one sentence each. */
  get misunderstandings () {
    return [...this.infos.keys()].map((bridge) => this.misunderstanding({ bridge })).filter(Boolean)
  }
}

function otherVersion (name, info) {
  return `bridge ${name} (${info.version}) speaks version ${info.schema_version} of the contract, this package ${SCHEMA_VERSION}: ` +
    'install the version of node-red-contrib-macnet-bridge that fits'
}

module.exports = { Bridges }
