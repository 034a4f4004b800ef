'use strict'

// The scripts of the editor's forms: what they accept, and what nodes are called on the page.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const vm = require('node:vm')

const NODES = path.join(__dirname, '..', 'nodes')

/** What a form tells the editor of its type. */
function form (name) {
  const text = readFileSync(path.join(NODES, `${name}.html`), 'utf8')
  const types = {}
  for (const [, script] of text.matchAll(/<script type="text\/javascript">(.*?)<\/script>/gs)) {
    vm.runInNewContext(script, { RED: { nodes: { registerType: (type, definition) => { types[type] = definition } } } })
  }
  assert.deepEqual(Object.keys(types), [name])
  return types[name]
}

/** A new node of a type, as the editor would make it. */
function made (name, more = {}) {
  const definition = form(name)
  const values = Object.fromEntries(Object.entries(definition.defaults).map(([key, { value }]) => [key, value]))
  return { definition, node: { ...values, ...more, _: (key) => key } }
}

function isValid (name, field, more) {
  const { definition, node } = made(name, more)
  return definition.defaults[field].validate.call(node, node[field])
}

for (const name of ['macnet-connection', 'macnet-command', 'macnet-readings', 'macnet-state']) {
  test(`a new ${name} is valid, its connection aside`, () => {
    const { definition, node } = made(name)
    for (const [field, { validate }] of Object.entries(definition.defaults)) {
      if (validate) assert.equal(validate.call(node, node[field]), true, field)
    }
  })
}

test('channels, where they are written and not taken from a message', () => {
  for (const channels of ['5', '1-16,33', ' 1 - 4 , 9', 'all', '${CHANNELS}']) {
    assert.equal(isValid('macnet-command', 'channels', { channels, channelsType: 'str' }), true, channels)
    assert.equal(isValid('macnet-readings', 'channels', { channels }), true, channels)
  }
  for (const channels of ['0', '-1', '1;2', 'x', '1-']) {
    assert.equal(isValid('macnet-command', 'channels', { channels, channelsType: 'str' }), 'macnet-command.errors.channels')
    assert.equal(isValid('macnet-state', 'channels', { channels }), 'macnet-state.errors.channels')
  }
  assert.equal(isValid('macnet-command', 'channels', { channels: '', channelsType: 'str' }), 'macnet-command.errors.channels')
  assert.equal(isValid('macnet-command', 'channels', { channels: '', channelsType: 'str', scope: 'all' }), true)
})

test('cyclers', () => {
  assert.equal(isValid('macnet-command', 'cycler', { cycler: 'lab1', cyclerType: 'str' }), true)
  for (const cycler of ['Lab1', 'bridge', 'all', 'a/b', '']) {
    assert.equal(isValid('macnet-command', 'cycler', { cycler, cyclerType: 'str' }), 'macnet-command.errors.cycler')
  }
  assert.equal(isValid('macnet-readings', 'cycler', { cycler: '' }), true)
})

test('arguments written as JSON are an object', () => {
  assert.equal(isValid('macnet-command', 'args', { args: '{"a": 1}', argsType: 'json' }), true)
  for (const args of ['', '1', '[1]', 'null', '{']) {
    assert.equal(isValid('macnet-command', 'args', { args, argsType: 'json' }), 'macnet-command.errors.args')
  }
})

test('seconds', () => {
  for (const expiresIn of ['', '0', '2.5', '${TTL}']) assert.equal(isValid('macnet-command', 'expiresIn', { expiresIn }), true)
  for (const expiresIn of ['x', '-1', '1e9']) assert.equal(isValid('macnet-command', 'expiresIn', { expiresIn }), 'macnet-command.errors.seconds')
})

test('brokers and topic roots', () => {
  for (const url of ['mqtt://broker', 'mqtts://10.0.0.1:8883', '${MQTT_URL}']) assert.equal(isValid('macnet-connection', 'url', { url }), true)
  for (const url of ['broker', 'http://broker', 'mqtt://', 'mqtt://me:secret@broker', '']) assert.notEqual(isValid('macnet-connection', 'url', { url }), true)
  for (const root of ['macnet', 'site/lab', '${ROOT}']) assert.equal(isValid('macnet-connection', 'root', { root }), true)
  for (const root of ['', '/macnet', 'macnet/', 'a//b', 'a/#', '+']) assert.notEqual(isValid('macnet-connection', 'root', { root }), true)
})

test('a readings node wants at least one kind', () => {
  assert.equal(isValid('macnet-readings', 'reading', { reading: false }), 'macnet-readings.errors.kinds')
  assert.equal(isValid('macnet-readings', 'reading', { reading: false, event: true }), true)
})

test('nodes are called after what they do', () => {
  const label = (name, more) => { const { definition, node } = made(name, more); return definition.label.call(node) }
  assert.equal(label('macnet-command'), 'macnet-command.palette')
  assert.equal(label('macnet-command', { verb: 'suspend', cycler: 'lab1', cyclerType: 'str', channels: '1-4', channelsType: 'str' }), 'suspend lab1/1-4')
  assert.equal(label('macnet-command', { verb: 'suspend' }), 'suspend')
  assert.equal(label('macnet-command', { verb: 'suspend', cycler: 'lab1', cyclerType: 'str' }), 'suspend lab1/…')
  assert.equal(label('macnet-command', { verb: 'suspend', scope: 'all' }), 'suspend macnet-command.everything')
  assert.equal(label('macnet-readings', { cycler: 'lab1' }), 'macnet-readings.palette lab1')
  assert.equal(label('macnet-connection', { root: 'a' }), '127.0.0.1:1883 a')
  assert.equal(label('macnet-state', { name: 'mine' }), 'mine')
})
