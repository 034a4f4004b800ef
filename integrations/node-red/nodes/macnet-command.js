'use strict'

const { randomUUID } = require('node:crypto')
const { promisify } = require('node:util')
const answers = require('../lib/answers')
const { makeCommand } = require('../lib/command')
const dots = require('../lib/dots')
const { Mistake } = require('../lib/mistake')
const { Showing } = require('../lib/showing')

module.exports = function (RED) {
  function MacnetCommand (config) {
    RED.nodes.createNode(this, config)
    const node = this
    const connection = RED.nodes.getNode(config.connection)
    if (!connection) {
      node.status(dots.NO_CONNECTION_NODE)
      node.on('input', (_msg, _send, done) => done(new Error(RED._('macnet-command.errors.no-connection'))))
      return
    }
    const { link, bridges } = connection
    const caller = connection.caller()
    const waiting = new Set()
    let last

    const showing = new Showing(node, () => {
      if (waiting.size) return dots.ofWaiting([...waiting])
      return dots.ofLink(link) || last || dots.dot('green', 'ring', 'ready')
    })

    function tell (msg, send, done, answer) {
      last = dots.ofAnswer(answer)
      msg.payload = answer
      send(answer.status === 'done' ? [msg, null] : [null, msg])
      // Catch nodes get what no bridge has answered: a mistake in the flow, or silence.
      if (answer.error && answer.received_at === undefined) done(new Error(answer.error.message))
      else done()
    }

    node.on('input', async (msg, send, done) => {
      let wish = {}
      let call
      let answer
      try {
        wish = await wishOf(RED, node, config, msg)
        const command = makeCommand(wish, {
          root: link.root, username: link.username, now: Date.now(), newId: () => randomUUID().replaceAll('-', '')
        })
        refuseOtherVersion(bridges, command)
        call = caller.call(command, showing.now)
        waiting.add(call)
        showing.now()
        answer = await call.answer
      } catch (error) {
        if (!(error instanceof Mistake)) { done(error); return }
        answer = answers.mistaken(wish, error)
      }
      waiting.delete(call)
      tell(msg, send, done, answer)
      showing.now()
    })

    link.on('state', showing.now)
    showing.now()
    connection.open()

    node.on('close', (done) => {
      link.off('state', showing.now)
      for (const call of waiting) caller.abandon(call)
      setImmediate(done) // after the answers of those went out
    })
  }

  RED.nodes.registerType('macnet-command', MacnetCommand)
}

/** A bridge whose commands mean something else gets none; but a stop is a stop. */
function refuseOtherVersion (bridges, command) {
  const why = bridges.misunderstanding(command)
  if (why && !command.stops) throw new Mistake(why, undefined, 'OTHER_VERSION')
}

/** All that editor and message say. The message counts where the editor leaves something out. */
async function wishOf (RED, node, config, msg) {
  const value = (name) => evaluate(RED, node, config[name], config[`${name}Type`], msg)
  return {
    scope: config.scope || 'channel',
    verb: config.verb || msg.verb,
    cycler: await value('cycler'),
    channels: await value('channels'),
    bridge: config.bridge || msg.bridge,
    args: await value('args'),
    expiresIn: config.expiresIn === undefined || config.expiresIn === '' ? msg.expires_in : config.expiresIn,
    dryRun: config.dryRun || msg.dry_run === true,
    atomic: config.atomic || msg.atomic === true,
    staggerS: config.staggerS === undefined || config.staggerS === '' ? msg.stagger_s : config.staggerS,
    expect: msg.expect,
    id: msg.command_id
  }
}

async function evaluate (RED, node, value, type, msg) {
  try {
    return await promisify(RED.util.evaluateNodeProperty)(value ?? '', type || 'str', node, msg)
  } catch (error) {
    throw new Mistake(`${type} ${value}: ${error.message}`)
  }
}
