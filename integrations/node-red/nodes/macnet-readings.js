'use strict'

const dots = require('../lib/dots')
const { Showing } = require('../lib/showing')
const { Telemetry, filters, wanted } = require('../lib/telemetry')

module.exports = function (RED) {
  function MacnetReadings (config) {
    RED.nodes.createNode(this, config)
    const node = this
    const connection = RED.nodes.getNode(config.connection)
    if (!connection) { node.status(dots.NO_CONNECTION_NODE); return }
    let telemetry
    try {
      telemetry = new Telemetry(wanted(config))
    } catch (error) {
      node.status(dots.dot('red', 'dot', error.message))
      node.error(error.message)
      return
    }
    const { link, bridges } = connection
    const counts = { messages: 0, missing: 0 }

    const showing = new Showing(node, () => {
      const text = counts.messages ? `${counts.messages} messages` + (counts.missing ? `, ${counts.missing} readings missing` : '') : 'nothing yet'
      return dots.ofLink(link) || dots.ofTelemetry(bridges.misunderstandings, text)
    })

    const stopListening = link.listen({
      filters: filters(link.root, telemetry.want),
      take (message) {
        const { source, topic } = message
        const { value, gaps } = telemetry.take(message)
        const about = () => ({ topic, cycler: source.name, ...(source.channel === undefined ? {} : { channel: source.channel }), kind: source.leaf })
        for (const gap of gaps) {
          const missing = gap.last - gap.first + 1
          counts.missing += missing
          node.send([null, { ...about(), kind: 'gap', payload: { ...gap, missing } }])
        }
        if (value !== undefined) {
          counts.messages++
          node.send([{ ...about(), payload: value }, null])
        }
        showing.soon()
      }
    })
    link.on('state', showing.now)
    connection.on('bridges', showing.soon)
    showing.now()
    connection.open()

    node.on('close', () => {
      stopListening()
      link.off('state', showing.now)
      connection.off('bridges', showing.soon)
      showing.stop()
    })
  }

  RED.nodes.registerType('macnet-readings', MacnetReadings)
}
