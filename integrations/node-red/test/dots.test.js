'use strict'

const assert = require('node:assert/strict')
const { mock, test } = require('node:test')
const dots = require('../lib/dots')
const { Showing } = require('../lib/showing')

const ack = (status, more) => dots.ofAnswer({ cycler: 'lab1', channel: 5, command: 'start_test', status, ...more })

test('green is as wished, red is not, yellow is open', () => {
  assert.deepEqual(ack('done'), { fill: 'green', shape: 'dot', text: 'lab1/5 start_test done' })
  assert.deepEqual(ack('rejected', { error: { code: 'NO_LIMITS' } }), { fill: 'red', shape: 'dot', text: 'lab1/5 start_test rejected NO_LIMITS' })
  assert.equal(ack('unknown', { error: { code: 'NOT_CONFIRMED' } }).fill, 'yellow')
  assert.deepEqual(ack('no_answer', { error: { code: 'NO_ANSWER' } }), { fill: 'yellow', shape: 'dot', text: 'lab1/5 start_test no_answer' })
})

test('a ring waits', () => {
  const command = { cycler: 'lab1', channel: 5, verb: 'start_test' }
  const of = (more) => dots.ofWaiting([{ command, deliveries: 1, isAccepted: false, refusal: '', ...more }])
  assert.deepEqual(of(), { fill: 'blue', shape: 'ring', text: 'lab1/5 start_test is waited for' })
  assert.deepEqual(of({ deliveries: 0 }), { fill: 'blue', shape: 'ring', text: 'lab1/5 start_test waits for the broker' })
  assert.deepEqual(of({ isAccepted: true }), { fill: 'blue', shape: 'dot', text: 'lab1/5 start_test accepted' })
  assert.deepEqual(of({ refusal: 'Not authorized' }), { fill: 'red', shape: 'ring', text: 'lab1/5 start_test Not authorized' })
  assert.equal(dots.ofWaiting([{}, {}, {}]).text, '3 commands are waited for')
})

test('without a connection they say why', () => {
  assert.equal(dots.ofLink({ state: 'connected' }), undefined)
  assert.deepEqual(dots.ofLink({ state: 'waiting', reason: 'not connected yet', obstacle: '' }), { fill: 'red', shape: 'ring', text: 'not connected yet' })
  const obstacle = 'connect ECONNREFUSED 10.0.0.17:1883'
  const reason = `no connection to mqtt://broker.lab.example.org:1883: ${obstacle}`
  assert.deepEqual(dots.ofLink({ state: 'waiting', reason, obstacle }), { fill: 'red', shape: 'ring', text: `no broker: ${obstacle}` })
  assert.equal(dots.ofLink({ state: 'waiting', reason: 'x'.repeat(99), obstacle: '' }).text.length, 48)
})

test('a doubt is yellow', () => {
  assert.equal(dots.ofTelemetry(['lab1 is degraded'], '8 channels').fill, 'yellow')
  assert.deepEqual(dots.ofTelemetry([], '8 channels'), { fill: 'green', shape: 'dot', text: '8 channels' })
})

test('a dot is shown when it is another one, and once a second at most', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const shown = []
  let count = 0
  const showing = new Showing({ status: (dot) => shown.push(dot.text) }, () => ({ text: String(count) }))
  showing.now()
  showing.now()
  for (count = 1; count < 50; count++) showing.soon()
  assert.deepEqual(shown, ['0'])
  mock.timers.tick(1000)
  assert.deepEqual(shown, ['0', '50'])
  showing.soon()
  showing.stop()
  count = 7
  mock.timers.tick(1000)
  assert.deepEqual(shown, ['0', '50'])
  mock.timers.reset()
})
