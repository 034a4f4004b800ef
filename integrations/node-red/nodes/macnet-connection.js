'use strict'

const { Bridges } = require('../lib/bridges')
const { Caller } = require('../lib/caller')
const { Link } = require('../lib/link')
const topics = require('../lib/topics')
const { table } = require('../lib/verbs')

module.exports = function (RED) {
  function MacnetConnection (config) {
    RED.nodes.createNode(this, config)
    const node = this
    const credentials = node.credentials || {}
    const tls = {}
    RED.nodes.getNode(config.tls)?.addTLSOptions(tls)
    node.link = new Link({
      url: (config.url || '').trim(),
      username: credentials.username,
      password: credentials.password,
      tls,
      protocol: config.protocol,
      root: (config.root || '').trim(),
      log: { debug: (text) => node.debug(text), warn: (text) => node.warn(text) }
    })
    node.bridges = new Bridges()
    node.link.listen({
      filters: topics.bridgeFilters(node.link.root),
      take: ({ source, value }) => { if (source && node.bridges.take(source, value)) node.emit('bridges') }
    })
    tellInLog(node)
    const misunderstood = new Set()
    node.on('bridges', () => {
      for (const why of node.bridges.misunderstandings) {
        if (!misunderstood.has(why)) node.warn(why)
        misunderstood.add(why)
      }
    })

    /** Begin to connect, for a node that uses this one. */
    node.open = () => node.link.open()

    /** Commands go through one caller, since a stop of one node also ends what another one repeats. */
    node.caller = () => {
      node._caller ??= new Caller(node.link, node.bridges)
      return node._caller
    }

    node.on('close', (done) => {
      node._caller?.close()
      node.link.close().finally(done)
    })
  }

  RED.nodes.registerType('macnet-connection', MacnetConnection, {
    credentials: { username: { type: 'text' }, password: { type: 'password' } }
  })

  // The editor's list of verbs and their arguments.
  RED.httpAdmin.get('/macnet-bridge/verbs', RED.auth.needsPermission('flows.read'), (_request, response) => {
    response.json(table.verbs)
  })
}

/** Connections that come and go are said once each, with the reason. */
function tellInLog (node) {
  node.setMaxListeners(0)
  let told = ''
  node.link.on('state', () => {
    const { state, reason, version, settings } = node.link
    const text = state === 'connected' ? `connected to ${settings.url} by MQTT ${version === 5 ? '5' : '3.1.1'}` : reason
    if (state === 'connecting' || state === 'closed' || text === told) return
    told = text
    if (state === 'connected') node.log(text)
    else node.warn(text)
  })
}
