'use strict'

// The function nodes of the stock flows, run as Node-RED runs them, with a clock of our own.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { beforeEach, test } = require('node:test')

const code = (name) => readFileSync(join(__dirname, '..', 'flows', 'functions', `${name}.js`), 'utf8')
const store = () => {
  const values = {}
  return { get: (key) => values[key], set: (key, value) => { values[key] = value } }
}

/** One function node: its code for a message, and what it sends by itself. */
class FunctionNode {
  constructor (name, { start = false, globals = store(), env = {} } = {}) {
    this.sent = []
    this.scope = {
      context: store(), flow: store(), global: globals, env: { get: (key) => env[key] },
      node: { send: (msg) => this.sent.push(msg) }, RED: { util: { generateId: () => `random${ids++}` } }
    }
    this.main = code(name)
    if (start) this.run(code(`${name}.start`))
  }

  run (text, msg) {
    const scope = { ...this.scope, msg }
    return new Function(...Object.keys(scope), text)(...Object.values(scope))
  }

  take (msg) { return this.run(this.main, msg) }
}

let globals, ask, wait
let ids = 0
beforeEach((t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 })
  globals = store()
  ask = new FunctionNode('stock_command', { env: { MACNET_ROOT: 'macnet', MQTT_USERNAME: 'alice' } })
  wait = new FunctionNode('stock_answer', { start: true, globals })
})

const command = (msg) => {
  const [asked] = ask.take(msg)
  const [request] = wait.take(asked)
  return { asked, request, id: asked.asked.id }
}
/** In small steps: in a large one the clock is at its end for all timers in it. */
const pass = (t, ms) => { for (let passed = 0; passed < ms; passed += 50) t.mock.timers.tick(50) }
const acknowledge = (topic, payload) => wait.take({ topic, payload: { final: true, status: 'done', ...payload } })

test('a command has an id, a deadline and our name in its topic', () => {
  const { request } = command({ cycler: 'lab1', channel: 5, verb: 'start_test', args: { procedure: 'P' }, expires_in: 30 })
  assert.equal(request.topic, 'macnet/lab1/5/cmd/start_test/alice')
  assert.equal(request.retain, false)
  const payload = JSON.parse(request.payload)
  assert.deepEqual(payload, { id: payload.id, args: { procedure: 'P' }, expires_at: 1_030_000 })
})

test('what names no place is not sent', () => {
  for (const place of [{}, { cycler: 'a/b' }, { cycler: '+' }, { cycler: 'lab1', channel: 0 }, { cycler: 'lab1', channel: NaN }]) {
    const [asked, answer] = ask.take({ verb: 'start_test', ...place })
    assert.equal(asked, null)
    assert.equal(answer.payload.status, 'rejected')
  }
})

test('it is sent again with the same id until its final acknowledgement', (t) => {
  const { request, id } = command({ cycler: 'lab1', channel: 5, verb: 'start_test', batch: 7 })
  assert.equal(acknowledge('macnet/lab1/5/telemetry/ack', { id, final: false, status: 'accepted' }), null)
  assert.equal(acknowledge('macnet/lab1/5/telemetry/ack', { id, part: true }), null)
  assert.equal(acknowledge('macnet/lab1/5/telemetry/ack', { id: 'of another' }), null)
  pass(t, 2500)
  assert.deepEqual(wait.sent, [[request, null]])
  const [, answer] = acknowledge('macnet/lab1/5/telemetry/ack', { id })
  assert.equal(answer.payload.status, 'done')
  assert.equal(answer.batch, 7, 'the rest of the message is kept')
  assert.equal(acknowledge('macnet/lab1/5/telemetry/ack', { id, duplicate: true }), null)
  pass(t, 20_000)
  assert.equal(wait.sent.length, 1)
})

test('nothing is sent after the deadline, and silence is no answer', (t) => {
  command({ cycler: 'lab1', channel: 5, verb: 'start_test' })
  pass(t, 14_900)
  const times = wait.sent.length
  assert.ok(times >= 3 && times <= 5, `${times} times`)
  assert.ok(wait.sent.every(([request]) => request))
  pass(t, 500)
  assert.equal(wait.sent.length, times + 1)
  const [, answer] = wait.sent.at(-1)
  assert.equal(answer.payload.status, 'no_answer')
})

test('after a stop of its channel a command is not sent again', (t) => {
  for (const stop of [{ cycler: 'lab1', channel: 5, verb: 'suspend' }, { cycler: 'all', verb: 'suspend' }]) {
    const start = command({ cycler: 'lab1', channel: 5, verb: 'start_test' })
    const { id } = command(stop)
    acknowledge(stop.cycler === 'all' ? 'macnet/bridge/lab/ack' : 'macnet/lab1/5/telemetry/ack', { id })
    pass(t, 9000)
    assert.deepEqual(wait.sent, [])
    acknowledge('macnet/lab1/5/telemetry/ack', { id: start.id })
  }
  command({ cycler: 'lab1', channel: 6, verb: 'start_test' })
  command({ cycler: 'lab1', channel: 5, verb: 'suspend' })
  pass(t, 2500)
  assert.equal(wait.sent.length, 2, 'the other channel, and the stop itself')
})

test('a stop of everything waits for every bridge that is there', () => {
  globals.set('macnet_bridges', {
    one: { state: 'online' }, two: { state: 'online' }, gone: { state: 'offline' }, idle: { state: 'online', not_served: { lab1: 'one' } }
  })
  globals.set('macnet_serving', ['one', 'two', 'gone'])
  globals.get('macnet_bridges').two.not_served = { lab1: 'one' }
  const { request, id } = command({ cycler: 'all', verb: 'suspend' })
  assert.equal(request.topic, 'macnet/all/cmd/suspend/alice')
  assert.equal(acknowledge('macnet/bridge/one/ack', { id }), null)
  const [, answer] = acknowledge('macnet/bridge/two/ack', { id, status: 'unknown' })
  assert.equal(answer.payload.status, 'unknown', 'the worse of the two')
  assert.deepEqual(Object.keys(answer.payload.bridges), ['one', 'two'])
})

test('what is retained holds while its bridge is online with the same session', () => {
  const holds = new FunctionNode('stock_holds', { globals })
  const state = { kind: 'state', cycler: 'lab1', channel: 5, payload: { bridge: 'lab', session: 's1', state: 'active', quality: 'good' } }
  const bridge = (payload) => holds.take({ kind: 'bridge', bridge: 'lab', payload })
  const reason = ([[msg]]) => msg.payload.stale_reason
  assert.equal(holds.take(state).payload.stale, true, 'nothing is known of its bridge yet')
  assert.equal(reason(bridge({ state: 'online', session: 's1' })), null)
  assert.equal(holds.take(state).payload.stale, false)
  assert.equal(reason(bridge({ state: 'online', session: 's2' })), 'from an earlier session of bridge lab')
  assert.equal(reason(bridge({ state: 'offline', session: 's2' })), 'bridge lab is offline')
  bridge({ state: 'online', session: 's1' })
  assert.equal(reason(holds.take({ kind: 'connection', payload: false })), 'no connection to the broker')
  assert.equal(reason(holds.take({ kind: 'connection', payload: true })), null)
  assert.equal(holds.take({ ...state, payload: { ...state.payload, quality: 'stale' } }).payload.stale_reason, 'the tester does not answer')
  assert.equal(holds.take({ ...state, payload: null }).payload.stale_reason, 'it is not served any more')
})

test('who serves testers is said by their statuses', () => {
  const holds = new FunctionNode('stock_holds', { globals })
  const status = (cycler, payload) => holds.take({ kind: 'status', cycler, payload })
  status('lab1', { bridge: 'one', session: 's', state: 'online' })
  status('lab2', { bridge: 'two', session: 's', state: 'offline' })
  assert.deepEqual(globals.get('macnet_serving'), ['one', 'two'])
  status('lab2', null)
  assert.deepEqual(globals.get('macnet_serving'), ['one'])
})

test('a channel looks like what it does', () => {
  const sweep = {
    channel: [1, 2, 3, 4, 5, 6, 7],
    state: ['active', 'active', 'active', 'active', 'suspended', 'problem', 'active'],
    current_ampere: [1, -1, 0, -0.5, 0, 0, 1]
  }
  const modes = ['charge', 'discharge', 'rest', 'pulse', 'suspended', 'problem']
  const states = Object.fromEntries(modes.map((mode, i) => [i + 1, { state: sweep.state[i], mode, stale: false }]))
  globals.set('macnet_testers', { lab1: { status: { state: 'online', stale: false }, sweep, sweptAt: Date.now(), states, readings: {} } })
  const columns = new FunctionNode('rack_columns', { globals })
  const looks = ['charge', 'discharge', 'rest', 'discharge', 'suspended', 'problem', 'stale']
  assert.deepEqual(columns.take({ payload: 'lab1' }).payload.look, looks)
  globals.get('macnet_testers').lab1.status = { state: 'online', stale: true, stale_reason: 'bridge lab is offline' }
  const { look, away } = columns.take({ payload: 'lab1' }).payload
  assert.deepEqual([new Set(look), away], [new Set(['stale']), 'bridge lab is offline'])
})
