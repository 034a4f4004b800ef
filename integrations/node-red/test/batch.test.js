'use strict'

// From the text of a batch to its rows: the function nodes of the page with Node-RED's own csv node between them.

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { after, afterEach, before, test } = require('node:test')
const helper = require('node-red-node-test-helper')

const example = JSON.parse(readFileSync(join(__dirname, '..', 'examples', 'dashboard.json'), 'utf8'))
const named = (name) => example.find((node) => node.name === name)
const from = (name, ...wires) => ({ ...named(name), id: name, z: 'flow', g: '', wires })
const flow = [
  { id: 'flow', type: 'tab' }, from('commas', ['rows']), from('rows', ['plan']), from('plan', ['asked'], ['table']),
  { id: 'asked', type: 'helper', z: 'flow' }, { id: 'table', type: 'helper', z: 'flow' }
]
const core = (path) => require(`@node-red/nodes/core/${path}`)

helper.init(require.resolve('node-red'))
before(() => new Promise((resolve) => helper.startServer(resolve)))
after(() => new Promise((resolve) => helper.stopServer(resolve)))
afterEach(() => helper.unload())

/** The rows of the table as the page shows them after a click on the dry run. */
async function dryRun (text) {
  await helper.load([core('parsers/70-CSV.js'), core('function/10-function.js')], flow)
  const table = new Promise((resolve) => helper.getNode('table').on('input', (msg) => resolve(msg.payload.rows)))
  helper.getNode('commas').receive({ topic: 'dry_run', payload: text })
  return (await table).map(({ args, dry_run: outcome }) => [args.c_rate_ah, outcome.error?.message ?? outcome.status])
}

const HEAD = 'cycler,channel,procedure,test_name,c_rate_ah'

for (const mark of [',', ';', '\t']) {
  test(`cells with ${JSON.stringify(mark)} between them`, async () => {
    const text = [HEAD, 'lab1,6,CCCV_1C,a,2.5', 'lab1,7,CCCV_1C,,2'].join('\n').replaceAll(',', mark)
    assert.deepEqual(await dryRun(text), [[2.5, 'asked'], [2, 'asked']])
  })
}

test('cells of a spreadsheet below the first line of the page', async () => {
  assert.deepEqual(await dryRun(`${HEAD}\r\nlab1\t6\tCCCV_1C\ta, b\t2.5\r\n`), [[2.5, 'asked']])
})

const NO_NUMBER = 'c_rate_ah: "2,5" is no number; a decimal has a point'
const TOO_MANY = '"5" is in no column of the first line; a decimal has a point'
for (const [row, ...said] of [
  ['lab1;6;CCCV_1C;a;2,5', '2,5', NO_NUMBER], ['lab1\t6\tCCCV_1C\ta\t2,5', '2,5', NO_NUMBER], ['lab1,6,CCCV_1C,a,2,5', 2, TOO_MANY]
]) {
  test(`a decimal comma never becomes another number: ${JSON.stringify(row)}`, async () => {
    assert.deepEqual(await dryRun(`${HEAD}\n${row}`), [said])
  })
}

test('what is no number is said to be none', async () => {
  const rows = await dryRun(`${HEAD}\nlab1,6,CCCV_1C,a,abc\nlab1,7,CCCV_1C,b,Infinity`)
  assert.deepEqual(rows.map(([, said]) => said), [
    'c_rate_ah: "abc" is no number; a decimal has a point', 'c_rate_ah: "Infinity" is no number; a decimal has a point'
  ])
})

test('a column that is missing is named', async () => {
  const rows = await dryRun('zykler,channel,procedure\nlab1,6,CCCV_1C')
  assert.deepEqual(rows, [[undefined, 'the first line has no column cycler']])
})
