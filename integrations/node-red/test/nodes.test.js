'use strict'

// The nodes in Node-RED's runtime, without a broker: forms, refusals, dots. With one they are tested from
// tests/nodered of the project, where a bridge and a tester are there, too.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { after, afterEach, before, test } = require('node:test')
const helper = require('node-red-node-test-helper')
const { table } = require('../lib/verbs')

const NODES = ['connection', 'command', 'readings', 'state'].map((name) => require(`../nodes/macnet-${name}`))
NODES.push(require('@node-red/nodes/core/common/25-catch'))
let nobody // a URL where nobody answers

helper.init(require.resolve('node-red'))
before(async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  nobody = `mqtt://127.0.0.1:${server.address().port}`
  await new Promise((resolve) => server.close(resolve))
  await new Promise((resolve) => helper.startServer(resolve))
})
after(() => new Promise((resolve) => helper.stopServer(resolve)))
afterEach(() => helper.unload())

const connection = (more) => ({ id: 'connection', type: 'macnet-connection', url: nobody, root: 'macnet', protocol: 'auto', ...more })
const command = (more) => ({
  id: 'command', type: 'macnet-command', connection: 'connection', scope: 'channel', cycler: 'cycler', cyclerType: 'msg',
  channels: 'channel', channelsType: 'msg', verb: '', args: 'payload', argsType: 'msg', wires: [['done'], ['rest']], ...more
})
const LISTENERS = [
  { id: 'done', type: 'helper' },
  { id: 'rest', type: 'helper' },
  { id: 'catcher', type: 'catch', wires: [['caught']] },
  { id: 'caught', type: 'helper' }
]
const flow = (...nodes) => [{ id: 'tab', type: 'tab' }, connection(), ...[...nodes, ...LISTENERS].map((node) => ({ z: 'tab', x: 0, y: 0, ...node }))]
const load = (...nodes) => helper.load(NODES, flow(...nodes))
const next = (id) => new Promise((resolve) => helper.getNode(id).once('input', resolve))
/** The last dot of a node that is loaded. */
const dotOf = (id) => helper.getNode(id).status.getCalls().filter((call) => call.thisValue.id === id).at(-1)?.args[0]

test('a message that means no command leaves by the second output, and a catch node has it', async () => {
  await load(command())
  const [left, caught] = [next('rest'), next('caught')]
  helper.getNode('command').receive({ cycler: 'lab1', verb: 'suspend', own: { a: 1 }, _msgid: 'kept' })
  const msg = await left
  assert.deepEqual([msg.payload.status, msg.payload.error.field, msg.payload.deliveries], ['rejected', 'channel', 0])
  assert.deepEqual([msg._msgid, msg.own], ['kept', { a: 1 }])
  assert.match((await caught).error.message, /channels are 5, \[1, 2\], 1-16,33 or all/)
})

test('without a broker a command expires, and says why', async () => {
  await load(command({ cycler: 'lab1', cyclerType: 'str', channels: '5', channelsType: 'str', verb: 'suspend', expiresIn: '0.2' }))
  const left = next('rest')
  helper.getNode('command').receive({ payload: 'now' })
  const { payload } = await left
  assert.deepEqual([payload.status, payload.cycler, payload.channel, payload.deliveries], ['expired', 'lab1', 5, 0])
  assert.match(payload.error.message, /^it was not sent: no connection to the broker/)
})

test('arguments come from where the editor says', async () => {
  await load(command({ cycler: 'a.cycler', channels: '[1, 2]', channelsType: 'json', verb: 'set_variable', args: '{"variable": n}', argsType: 'jsonata', expiresIn: '0' }))
  const left = next('rest')
  helper.getNode('command').receive({ a: { cycler: 'lab7' }, n: 3 })
  const { payload } = await left
  assert.deepEqual([payload.status, payload.cycler, payload.command], ['expired', 'lab7', 'set_variable'])
})

test('an expression that is none is a mistake of the flow', async () => {
  await load(command({ verb: 'set_variable', args: '$$$(', argsType: 'jsonata' }))
  const left = next('rest')
  helper.getNode('command').receive({ cycler: 'lab1', channel: 5 })
  assert.equal((await left).payload.status, 'rejected')
})

test('a deployment ends what waits, once, and says so', async () => {
  await load(command({ verb: 'suspend' }))
  const left = next('rest')
  const node = helper.getNode('command')
  node.receive({ cycler: 'lab1', channel: 5, _msgid: 'm' })
  await new Promise((resolve) => setImmediate(resolve))
  await node.close()
  const { payload } = await left
  assert.deepEqual([payload.status, payload.error.code], ['superseded', 'CANCELLED'])
})

test('without a connection chosen the nodes say so', async () => {
  await load(command({ connection: '' }), { id: 'readings', type: 'macnet-readings', reading: true }, { id: 'state', type: 'macnet-state' })
  for (const id of ['command', 'readings', 'state']) assert.deepEqual(dotOf(id), { fill: 'red', shape: 'ring', text: 'choose a connection' })
  const caught = next('caught')
  helper.getNode('command').receive({})
  assert.match((await caught).error.message, /no.connection/)
})

test('settings that mean nothing are said', async () => {
  await load({ id: 'readings', type: 'macnet-readings', connection: 'connection' },
    { id: 'state', type: 'macnet-state', connection: 'connection', channels: 'x' })
  assert.deepEqual(dotOf('readings'), { fill: 'red', shape: 'dot', text: 'choose at least one kind' })
  assert.match(dotOf('state').text, /"x" is no channel/)
})

test('nodes without a broker have a red ring with the reason', async () => {
  await load({ id: 'readings', type: 'macnet-readings', connection: 'connection', reading: true }, { id: 'state', type: 'macnet-state', connection: 'connection' })
  const { link } = helper.getNode('connection')
  await new Promise((resolve) => link.once('state', resolve))
  await new Promise((resolve) => link.state === 'waiting' ? resolve() : link.once('state', resolve))
  for (const id of ['readings', 'state']) {
    assert.deepEqual([dotOf(id).fill, dotOf(id).shape], ['red', 'ring'])
    assert.match(dotOf(id).text, /^no broker: connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
  }
})

test('the editor gets the table of verbs', async () => {
  await load(command())
  const { body } = await helper.request().get('/macnet-bridge/verbs').expect(200)
  assert.deepEqual(body, table.verbs)
  assert.deepEqual(body.all.map((verb) => verb.name), ['suspend'])
})

test('every word of a form is in the catalogue, and every word of the catalogue in a form', () => {
  for (const name of ['connection', 'command', 'readings', 'state'].map((each) => `macnet-${each}`)) {
    const place = (file) => readFileSync(path.join(__dirname, '..', 'nodes', file), 'utf8')
    const text = place(`${name}.html`) + place(`${name}.js`)
    const catalogue = JSON.parse(place(`locales/en-US/${name}.json`))
    const words = (object, before) => Object.entries(object).flatMap(([key, value]) =>
      typeof value === 'string' ? [`${before}${key}`] : words(value, `${before}${key}.`))
    const known = words(catalogue, '')
    const used = [...text.matchAll(new RegExp(`${name}\\.[a-z]+[a-z0-9.-]*[a-z0-9](?![a-z0-9]*\\.')`, 'g'))].map(([word]) => word)
    const isUsed = (word) => used.includes(word) || text.includes(`'${word.replace(/[^.]*$/, '')}' +`)
    assert.deepEqual(used.filter((word) => !known.includes(word) && !/\.(svg|js|html)$/.test(word)), [], `${name}: not in the catalogue`)
    assert.deepEqual(known.filter((word) => !isUsed(word)), [], `${name}: in no form`)
    assert.match(place(`locales/en-US/${name}.html`), new RegExp(`data-help-name="${name}"`))
  }
})
