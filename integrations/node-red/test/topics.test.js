'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const topics = require('../lib/topics')

test('commands carry the user name, which is the principal', () => {
  assert.equal(topics.commandTopic('macnet', 'lab1/5', 'suspend', 'alice'), 'macnet/lab1/5/cmd/suspend/alice')
  assert.equal(topics.commandTopic('a/b', 'all', 'suspend', ''), 'a/b/all/cmd/suspend')
  assert.equal(topics.replyTopic('macnet', '', 'x1'), 'macnet/reply/anonymous/x1')
})

const SOURCES = {
  'r/bridge/lab/status': { scope: 'bridge', name: 'lab', leaf: 'status' },
  'r/lab1/status': { scope: 'cycler', name: 'lab1', leaf: 'status' },
  'r/lab1/telemetry/sweep': { scope: 'cycler', name: 'lab1', leaf: 'sweep' },
  'r/lab1/12/telemetry/reading': { scope: 'channel', name: 'lab1', channel: 12, leaf: 'reading' },
  'r/lab1/12/telemetry/alarm/limit': { scope: 'channel', name: 'lab1', channel: 12, leaf: 'alarm/limit' }
}
for (const [topic, source] of Object.entries(SOURCES)) {
  test(`${topic} tells who published it`, () => assert.deepEqual(topics.parse('r', topic), source))
}

for (const topic of ['other/lab1/status', 'r', 'r/lab1', 'r/lab1/0/telemetry/reading', 'r/reply/alice/x',
  'r/lab1/5/cmd/suspend', 'r/Lab1/status', 'r/bridge/lab/a/b', 'r/lab1/5/telemetry', 'r/all/cmd/suspend']) {
  test(`${topic} is published by no bridge`, () => assert.equal(topics.parse('r', topic), undefined))
}

test('filters match as MQTT says', () => {
  const matches = (filter, topic) => topics.matches(filter, topic)
  assert.equal(matches('r/+/status', 'r/lab1/status'), true)
  assert.equal(matches('r/+/status', 'r/lab1/2/status'), false)
  assert.equal(matches('r/#', 'r/lab1/2/status'), true)
  assert.equal(matches('r/#', 'r'), true)
  assert.equal(matches('r/+/+/telemetry/ack', 'r/lab1/telemetry/ack'), false)
})
