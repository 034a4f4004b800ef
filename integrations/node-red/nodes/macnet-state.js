'use strict'

const dots = require('../lib/dots')
const { Showing } = require('../lib/showing')
const { States, filters, summary } = require('../lib/states')
const { wanted } = require('../lib/telemetry')

/** Until then the status of each bridge should have come, which is retained like the states. */
const SETTLED_MS = 2000

const many = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`

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
    const doubt = () => link.hasConnection ? '' : 'no connection to the broker'
    let isSettled = false
    let timer

    const showing = new Showing(node, () => {
      const { channels, cyclers, doubts } = summary(states.all(doubt()))
      const text = channels + cyclers ? `${many(channels, 'channel')}, ${many(cyclers, 'cycler')}` : 'nothing yet'
      return dots.ofLink(link) || dots.ofTelemetry([...bridges.misunderstandings, ...doubts], text)
    })

    function message ({ topic, source, payload }) {
      const about = { topic, cycler: source.name, payload, stale: payload.stale }
      return source.scope === 'channel' ? [{ ...about, channel: source.channel }, null] : [null, about]
    }

    function tell (news, send = (each) => node.send(each)) {
      for (const each of news) send(message(each))
    }

    function tellAll () {
      if (link.state === 'closed') return // the flow ends; whoever listens ends with it
      tell(states.news({ doubt: doubt(), isSettled }))
      showing.now()
    }

    function settleSoon () {
      timer ??= setTimeout(() => { isSettled = true; tellAll() }, SETTLED_MS)
    }

    const stopListening = link.listen({
      filters: filters(link.root, want.cycler),
      take (received) {
        if (!states.take(received)) return
        tell(states.news({ doubt: doubt(), isSettled, only: received.topic }))
        showing.soon()
      }
    })
    link.on('state', tellAll)
    link.on('ready', settleSoon)
    if (link.isReady) settleSoon()
    connection.on('bridges', tellAll)
    showing.now()
    connection.open()

    // Whatever comes in asks for all states again, as for a page that was opened anew.
    node.on('input', (_msg, send, done) => {
      tell(states.all(doubt()), send)
      done()
    })
    node.on('close', () => {
      clearTimeout(timer)
      showing.stop()
      stopListening()
      link.off('state', tellAll)
      link.off('ready', settleSoon)
      connection.off('bridges', tellAll)
    })
  }

  RED.nodes.registerType('macnet-state', MacnetState)
}
