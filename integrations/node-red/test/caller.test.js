'use strict'

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { afterEach, beforeEach, mock, test } = require('node:test')
const { Bridges } = require('../lib/bridges')
const { Caller } = require('../lib/caller')
const { makeCommand } = require('../lib/command')
const topics = require('../lib/topics')

/** What stands for a link: it keeps what is published, and lets a test say what comes. */
class Wire extends EventEmitter {
  root = 'macnet'
  replyTopic = 'macnet/reply/anonymous/me'
  isReady = true
  reason = ''
  sent = []

  listen (listener) { this.listener = listener; return () => { this.listener = undefined } }

  publish (topic, payload, properties, onRefused) {
    if (!this.isReady) return false
    this.refuse = onRefused
    this.sent.push({ topic, payload: JSON.parse(payload), properties, at: Date.now() - START })
    return true
  }

  connect () { this.isReady = true; this.reason = ''; this.emit('ready') }
  cut () { this.isReady = false; this.reason = 'cut' }

  answer (topic, value, properties) {
    this.listener.take({ topic, source: topics.parse(this.root, topic), value, packet: { properties } })
  }
}

const START = 1_795_328_722_000
let wire, bridges, caller

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START })
  wire = new Wire()
  bridges = new Bridges()
  caller = new Caller(wire, bridges)
})
afterEach(() => mock.timers.reset())

let number = 0
const command = (wish) => makeCommand({ scope: 'channel', cycler: 'lab1', channels: 5, verb: 'start_test', args: { procedure: 'P' }, ...wish },
  { root: 'macnet', username: '', now: Date.now(), newId: () => `id${++number}` })
const ack = (of, status = 'done', more) => ({ id: of.id, command: of.verb, principal: 'anonymous', status, final: true, received_at: 1, ...more })
const isOpen = async (call) => await Promise.race([call.answer.then(() => false), Promise.resolve(true)])

test('the same message is sent again, at growing intervals, until the answer comes', async () => {
  const call = caller.call(command())
  for (let second = 0; second < 12; second++) mock.timers.tick(1000)
  assert.deepEqual(wire.sent.map((each) => each.at), [0, 1000, 3000, 7000, 11000])
  assert.equal(new Set(wire.sent.map((each) => JSON.stringify(each.payload))).size, 1)
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command))
  assert.deepEqual(await call.answer, { ...ack(call.command), deliveries: 5 })
  for (let second = 0; second < 12; second++) mock.timers.tick(1000)
  assert.equal(wire.sent.length, 5)
})

test('what a bridge has accepted is sent again at the longest interval', () => {
  const call = caller.call(command())
  mock.timers.tick(300)
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'accepted', { final: false }))
  for (let tick = 0; tick < 100; tick++) mock.timers.tick(100)
  assert.deepEqual(wire.sent.map((each) => each.at), [0, 4300, 8300])
})

test('a stop is sent again as often, accepted or not', () => {
  const call = caller.call(command({ verb: 'suspend', args: {} }))
  mock.timers.tick(300)
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'accepted', { final: false }))
  for (let tick = 0; tick < 100; tick++) mock.timers.tick(100)
  assert.deepEqual(wire.sent.map((each) => each.at), [0, 1000, 3000, 7000])
})

test('without an answer nothing is known once the grace has passed', async () => {
  const call = caller.call(command({ expiresIn: 2 }))
  for (let second = 0; second < 7; second++) mock.timers.tick(1000)
  const answer = await call.answer
  assert.deepEqual([answer.status, answer.final, answer.error.code, answer.deliveries], ['no_answer', false, 'NO_ANSWER', 3])
})

test('what was never sent has expired, and is not sent late', async () => {
  wire.cut()
  const call = caller.call(command({ expiresIn: 2 }))
  for (let second = 0; second < 2; second++) mock.timers.tick(1000)
  const answer = await call.answer
  assert.deepEqual([answer.status, answer.final, answer.error.code, answer.deliveries], ['expired', true, 'EXPIRED', 0])
  wire.connect()
  for (let second = 0; second < 10; second++) mock.timers.tick(1000)
  assert.deepEqual(wire.sent, [])
})

test('a deadline that has passed when the connection comes, by a clock that was asleep', async () => {
  wire.cut()
  const call = caller.call(command({ expiresIn: 2 }))
  mock.timers.setTime(START + 60_000)
  wire.connect()
  assert.equal((await call.answer).status, 'expired')
  assert.deepEqual(wire.sent, [])
})

test('it is sent at once when the connection is back', async () => {
  const call = caller.call(command())
  wire.cut()
  mock.timers.tick(1500)
  wire.connect()
  assert.deepEqual(wire.sent.map((each) => each.at), [0, 1500])
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'failed'))
  assert.equal((await call.answer).deliveries, 2)
})

test('what waits for the connection is sent in the order it came', () => {
  wire.cut()
  const ids = [1, 2, 3].map((channels) => caller.call(command({ channels })).command.id)
  wire.connect()
  assert.deepEqual(wire.sent.map((each) => each.payload.id), ids)
})

test('an answer by the Response Topic is known by its correlation data', async () => {
  const [call, other] = [caller.call(command()), caller.call(command())]
  const { responseTopic, correlationData } = wire.sent[0].properties
  assert.equal(responseTopic, wire.replyTopic)
  assert.notDeepEqual(correlationData, wire.sent[1].properties.correlationData)
  wire.answer(wire.replyTopic, ack(call.command), { correlationData: Buffer.from(correlationData) })
  assert.equal((await call.answer).status, 'done')
  wire.answer(wire.replyTopic, ack(other.command)) // without any
  assert.equal(await isOpen(other), true)
})

test('answers to others, to parts and before the end are not the answer', async () => {
  const call = caller.call(command())
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'done', { principal: 'bob' }))
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'done', { id: 'other' }))
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'done', { part: true }))
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'accepted', { final: false }))
  for (const value of [null, 7, 'text', [], undefined]) wire.answer('macnet/lab1/5/telemetry/ack', value)
  assert.equal(await isOpen(call), true)
})

test('a stop ends the repeating of earlier commands of its channels', async () => {
  const [start, elsewhere] = [caller.call(command({ channels: 5 })), caller.call(command({ channels: 6 }))]
  const read = caller.call(command({ verb: 'read_status' }))
  const stop = caller.call(command({ verb: 'suspend' }))
  const later = caller.call(command({ channels: 5 }))
  mock.timers.tick(1000)
  const again = wire.sent.filter((each) => each.at === 1000).map((each) => each.payload.id)
  assert.deepEqual(again, [elsewhere, read, stop, later].map((call) => call.command.id))
  // Its answer still counts.
  wire.answer('macnet/lab1/5/telemetry/ack', ack(start.command, 'superseded'))
  assert.equal((await start.answer).status, 'superseded')
})

test('what a stop has ended says so when nobody answers', async () => {
  const start = caller.call(command({ expiresIn: 1 }))
  caller.call(command({ verb: 'suspend' }))
  for (let second = 0; second < 6; second++) mock.timers.tick(1000)
  assert.match((await start.answer).error.message, /sent 1 times until a stop came \(no bridge is online\): whether/)
})

test('a stop takes the place of what was not sent yet', async () => {
  wire.cut()
  const start = caller.call(command({ channels: '4-6' }))
  const stop = caller.call(command({ verb: 'suspend' }))
  assert.deepEqual([(await start.answer).status, (await start.answer).error.code], ['superseded', 'STOPPED'])
  wire.connect()
  assert.deepEqual(wire.sent.map((each) => each.payload.id), [stop.command.id])
})

const online = (name, more) => bridges.take({ scope: 'bridge', name, leaf: 'status' }, { state: 'online', session: name, ...more })

test('everything is stopped when every bridge that is there has said so', async () => {
  online('a'); online('b'); online('c', { not_served: { lab1: 'a' } })
  bridges.take({ scope: 'bridge', name: 'c', leaf: 'info' }, { session: 'c', cyclers: ['lab1'] })
  const call = caller.call(command({ scope: 'all', verb: 'suspend' }))
  assert.equal(wire.sent[0].properties, undefined)
  wire.answer('macnet/bridge/a/ack', ack(call.command, 'done', { results: [{ cycler: 'lab1', status: 'done' }] }))
  assert.equal(await isOpen(call), true)
  wire.answer('macnet/bridge/b/ack', ack(call.command, 'failed', { results: [{ cycler: 'lab2', status: 'failed' }] }))
  const answer = await call.answer
  assert.equal(answer.status, 'failed')
  assert.deepEqual(answer.results.map((each) => each.cycler), ['lab1', 'lab2'])
  assert.deepEqual(Object.keys(answer.bridges), ['a', 'b'])
})

test('a bridge that keeps silent leaves it open, whatever the others say', async () => {
  online('a'); online('b')
  const call = caller.call(command({ scope: 'all', verb: 'suspend', expiresIn: 1 }))
  wire.answer('macnet/bridge/a/ack', ack(call.command))
  for (let second = 0; second < 6; second++) mock.timers.tick(1000)
  const answer = await call.answer
  assert.deepEqual([answer.status, Object.keys(answer.bridges)], ['no_answer', ['a']])
})

test('what the broker says against a command is told, and does not end it', async () => {
  let told = 0
  const call = caller.call(command({ expiresIn: 1 }), () => { told++ })
  wire.refuse('Not authorized')
  assert.equal(told, 2) // sent, refused
  wire.answer('macnet/lab1/5/telemetry/ack', ack(call.command, 'accepted', { final: false }))
  assert.equal(call.isAccepted, true)
  for (let second = 0; second < 6; second++) mock.timers.tick(1000)
  assert.match((await call.answer).error.message, /sent 2 times \(the broker: Not authorized\) \(no bridge is online\): whether/)
})

test('closing tells what waits that nothing is known of it', async () => {
  const sent = caller.call(command())
  wire.cut()
  const unsent = caller.call(command())
  caller.close()
  assert.deepEqual([(await sent.answer).status, (await unsent.answer).status], ['no_answer', 'superseded'])
  mock.timers.tick(5000)
  assert.equal(wire.sent.length, 1)
})
