'use strict'

const dots = require('../lib/dots')
const { States, filters, summary } = require('../lib/states')
const { wanted } = require('../lib/telemetry')

module.exports = function (RED) {
  function MacnetState (config) {
    RED.nodes.createNode(this, config)
    const node = this
    const connection = RED.nodes.getNode(config.connection)
    if (!connection) { node.status(dots.NO_CONNECTION_NODE); return }
    let want
    try {
      want = wanted({ ...config, reading: true })
    } catch (error) {
      node.status(dots.dot('red', 'dot', error.message))
      node.error(error.message)
      return
    }
    const { link, bridges } = connection
    const states = new States(want.ranges, bridges)
    const doubt = () => link.isReady ? '' : 'no connection to the broker'

    function show () {
      const { channels, cyclers, doubts } = summary(states.all(doubt()))
      const text = channels + cyclers ? `${channels} channels of ${cyclers} cyclers` : 'nothing yet'
      node.status(dots.ofLink(link) || dots.ofTelemetry([...bridges.misunderstandings, ...doubts], text))
    }

    function message ({ topic, source, payload }) {
      const about = { topic, cycler: source.name, payload, stale: payload.stale }
      return source.scope === 'channel' ? [{ ...about, channel: source.channel }, null] : [null, about]
    }

    function tell (news, send = (each) => node.send(each)) {
      for (const each of news) send(message(each))
    }

    const tellAll = () => { tell(states.news(doubt())); show() }
    const stopListening = link.listen({
      filters: filters(link.root, want.cycler),
      take (received) {
        if (!states.take(received)) return
        tell(states.news(doubt(), received.topic))
        show()
      }
    })
    link.on('state', tellAll)
    connection.on('bridges', tellAll)
    show()
    connection.open()

    // Whatever comes in asks for all states again, as for a page that was opened anew.
    node.on('input', (_msg, send, done) => {
      tell(states.all(doubt()), send)
      done()
    })
    node.on('close', () => {
      stopListening()
      link.off('state', tellAll)
      connection.off('bridges', tellAll)
    })
  }

  RED.nodes.registerType('macnet-state', MacnetState)
}
