'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Bridges } = require('../lib/bridges')
const { parseChannels } = require('../lib/channels')
const { States, filters, summary } = require('../lib/states')
const topics = require('../lib/topics')

function lab (channels = 'all') {
  const bridges = new Bridges()
  const states = new States(parseChannels(channels), bridges)
  const take = (topic, value) => states.take({ topic, source: topics.parse('r', topic), value })
  const bridge = (state, session = 's1') => bridges.take({ scope: 'bridge', name: 'lab', leaf: 'status' }, { state, session })
  const news = (options) => states.news({ doubt: '', isSettled: true, ...options })
    .map(({ source, payload }) => [source.channel ?? source.name, payload.state, payload.stale])
  return { states, take, bridge, news }
}
const state = (name, more) => ({ bridge: 'lab', session: 's1', state: name, quality: 'good', ...more })

test('it subscribes to one cycler, or to all', () => {
  assert.deepEqual(filters('r', 'lab1'), ['r/lab1/status', 'r/lab1/+/telemetry/state'])
  assert.deepEqual(filters('r', ''), ['r/+/status', 'r/+/+/telemetry/state'])
})

test('states are told when they change', () => {
  const { take, bridge, news } = lab()
  bridge('online')
  take('r/lab1/5/telemetry/state', state('active'))
  take('r/lab1/status', { bridge: 'lab', session: 's1', state: 'online' })
  assert.deepEqual(news(), [[5, 'active', false], ['lab1', 'online', false]])
  assert.deepEqual(news(), [])
  take('r/lab1/5/telemetry/state', state('completed'))
  assert.deepEqual(news(), [[5, 'completed', false]])
})

test('they are stale when the bridge is gone, was started anew, or says so; and fresh when it is back', () => {
  const { take, bridge, news, states } = lab()
  bridge('online')
  take('r/lab1/5/telemetry/state', state('active'))
  news()
  bridge('offline')
  assert.deepEqual(news(), [[5, 'active', true]])
  assert.equal(states.all('')[0].payload.stale_reason, 'bridge lab is offline')
  bridge('online', 's2')
  assert.match(states.all('')[0].payload.stale_reason, /earlier session/)
  take('r/lab1/5/telemetry/state', state('active', { session: 's2' }))
  assert.deepEqual(news(), [[5, 'active', false]])
  take('r/lab1/5/telemetry/state', state('active', { session: 's2', quality: 'stale' }))
  assert.deepEqual(news(), [[5, 'active', true]])
})

test('without a connection nothing holds', () => {
  const { take, bridge, news } = lab()
  bridge('online')
  take('r/lab1/5/telemetry/state', state('active'))
  news()
  assert.deepEqual(news({ doubt: 'no connection' }), [[5, 'active', true]])
  assert.deepEqual(news(), [[5, 'active', false]])
})

test('what came before its bridge is held back, but not for ever', () => {
  const { take, bridge, news } = lab()
  take('r/lab1/5/telemetry/state', state('active'))
  assert.deepEqual(news({ isSettled: false }), [])
  bridge('online')
  assert.deepEqual(news({ isSettled: false }), [[5, 'active', false]])
  const alone = lab()
  alone.take('r/lab1/5/telemetry/state', state('active'))
  assert.deepEqual(alone.news(), [[5, 'active', true]])
})

test('a channel that is not served any more is told once, and forgotten', () => {
  const { take, bridge, news, states } = lab()
  bridge('online')
  take('r/lab1/5/telemetry/state', undefined) // of one that was never there
  assert.deepEqual(news(), [])
  take('r/lab1/5/telemetry/state', state('active'))
  news()
  take('r/lab1/5/telemetry/state', undefined)
  assert.deepEqual(news(), [[5, null, true]])
  assert.deepEqual(states.all(''), [])
  take('r/lab1/5/telemetry/state', state('active'))
  assert.deepEqual(news(), [[5, 'active', false]])
})

test('only channels that are wanted', () => {
  const { take } = lab('1-4')
  assert.equal(take('r/lab1/5/telemetry/state', state('active')), false)
  assert.equal(take('r/lab1/4/telemetry/state', state('active')), true)
  assert.equal(take('r/lab1/4/telemetry/reading', {}), false)
  assert.equal(take('r/lab1/info', {}), false)
})

test('a dot counts them, and names what is in doubt', () => {
  const { take, bridge, states } = lab()
  bridge('online')
  take('r/lab1/1/telemetry/state', state('active'))
  take('r/lab1/2/telemetry/state', state('active', { session: 's0' }))
  take('r/lab1/status', { bridge: 'lab', session: 's1', state: 'degraded' })
  assert.deepEqual(summary(states.all('')), {
    channels: 2, cyclers: 1, doubts: ['1 stale: from an earlier session of bridge lab', 'lab1 is degraded']
  })
})
