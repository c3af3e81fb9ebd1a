'use strict';

// npm's bybit-api, unchanged, pointed at the edge by its own options: order entry over its WebSocket
// API, private streams, queries.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const readline = require('node:readline');
const { after, before, test } = require('node:test');
const { RestClientV5, WebsocketAPIClient, WebsocketClient } = require('bybit-api');

const PATIENCE_MS = 20_000;  // only a failure takes so long
const TRADE = 'v5PrivateTrade';
const quiet = { trace() {}, info() {}, error() {} };

let gate;
let port;
let answers;
let trade;
let rest;
let stream;
const updates = [];
let others = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition, what) {
  const giveUp = Date.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(Date.now() < giveUp, `nothing came of: ${what}`);
    await sleep(5);
  }
}

async function ask(line) {
  gate.stdin.write(`${line}\n`);
  return (await answers.next()).value;
}
const other = (side, quantity, price) => ask(`other ${++others} ${side} ${quantity} ${price}`);

const options = (session, path, secret = `secret of ${session}`) =>
  ({ key: `key-${session}`, secret, wsUrl: `ws://127.0.0.1:${port}${path}`, market: 'v5' });
const order = (more) => ({
  category: 'linear', symbol: 'AMZN', side: 'Buy', orderType: 'Limit', qty: '10', price: '219.5',
  timeInForce: 'GTC', ...more,
});
const heard = (topic, matches) => updates.filter((u) => u.topic === topic).flatMap((u) => u.data).find(matches);
const hear = async (topic, matches, what) => {
  await until(() => heard(topic, matches), what);
  return heard(topic, matches);
};
const refused = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('it was taken');
};

before(async () => {
  gate = childProcess.spawn(process.env.PORTCULLIS_EDGE_GATE, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  process.on('exit', () => gate.kill('SIGKILL'));
  answers = readline.createInterface({ input: gate.stdout })[Symbol.asyncIterator]();
  [, port] = (await answers.next()).value.match(/^listening on (\d+)$/);
  trade = new WebsocketAPIClient({ ...options('JSON1', '/v5/trade'), attachEventListeners: false }, quiet);
  stream = new WebsocketClient(options('JSON1', '/v5/private'), quiet);
  stream.on('update', (update) => updates.push(update));
  rest = new RestClientV5({ key: 'key-JSON1', secret: 'secret of JSON1', baseUrl: `http://127.0.0.1:${port}` });
});

after(async () => {
  trade.getWSClient().closeAll(true);
  stream.closeAll(true);
  gate.stdin.end();
  const code = await new Promise((resolve) => gate.on('close', resolve));
  assert.strictEqual(code, 0, 'the journal replays alike');
});

test('the time is told without a signature', async () => {
  const time = await rest.getServerTime();
  assert.strictEqual(time.retCode, 0);
  assert.ok(Math.abs(Number(time.result.timeNano) / 1e6 - Date.now()) < 5000);
});

test('logs in and subscribes to the private streams', async () => {
  const events = [];
  stream.on('response', (event) => events.push(event));
  await stream.subscribeV5(['order', 'execution', 'position', 'wallet'], 'linear');
  await until(() => events.find((e) => e.op === 'subscribe' && e.success), 'a subscription');
});

let id;

test('creates an order and hears of it', async () => {
  const reply = await trade.submitNewOrder(order({ orderLinkId: 'one' }));
  assert.strictEqual(reply.retCode, 0);
  assert.strictEqual(reply.data.orderLinkId, 'one');
  id = reply.data.orderId;
  const told = await hear('order', (o) => o.orderId === id && o.orderStatus === 'New', 'the new order');
  assert.strictEqual(told.orderLinkId, 'one');
  assert.strictEqual(told.leavesQty, '10');
  const { result } = await rest.getActiveOrders({ category: 'linear', symbol: 'AMZN' });
  assert.deepStrictEqual(result.list.map((o) => [o.orderId, o.price, o.qty]), [[id, '219.5', '10']]);
});

test('amends it, by either name', async () => {
  assert.strictEqual(
    (await trade.amendOrder({ category: 'linear', symbol: 'AMZN', orderId: id, price: '219' })).retCode, 0);
  await hear('order', (o) => o.orderId === id && Number(o.price) === 219, 'the price');
  assert.strictEqual(
    (await trade.amendOrder({ category: 'linear', symbol: 'AMZN', orderLinkId: 'one', qty: '12' })).retCode, 0);
  await hear('order', (o) => o.orderId === id && o.qty === '12', 'the quantity');
});

test('is told why an order is refused', async () => {
  const far = await refused(trade.submitNewOrder(order({ price: '999.99' })));
  assert.strictEqual(far.retCode, 110003);
  assert.strictEqual(far.retExtInfo.reason, 'price_collar');
  const twice = await refused(trade.submitNewOrder(order({ orderLinkId: 'one' })));
  assert.strictEqual(twice.retCode, 110072);
  const unknown = await refused(trade.cancelOrder({ category: 'linear', symbol: 'AMZN', orderId: 'x' }));
  assert.strictEqual(unknown.retCode, 110001);
  const large = await refused(trade.submitNewOrder(order({ qty: '1000000000' })));
  assert.strictEqual(large.retCode, 110017);
});

test('is filled: execution, position, wallet', async () => {
  await other('S', 5, 2190000);
  const execution = await hear('execution', (e) => e.orderId === id, 'the execution');
  assert.strictEqual(execution.execQty, '5');
  assert.strictEqual(Number(execution.execPrice), 219);
  await hear('order', (o) => o.orderId === id && o.orderStatus === 'PartiallyFilled', 'the partial fill');
  const position = await hear('position', (p) => p.symbol === 'AMZN', 'the position');
  const wallet = await hear('wallet', (w) => w.accountType === 'UNIFIED', 'the wallet');
  assert.ok(wallet.coin.some((c) => c.coin === 'USDC'));
  const executions = await rest.getExecutionList({ category: 'linear', symbol: 'AMZN' });
  assert.deepStrictEqual(executions.result.list.map((e) => e.execId), [execution.execId]);
  const positions = await rest.getPositionInfo({ category: 'linear', symbol: 'AMZN' });
  assert.strictEqual(positions.result.list[0].size, position.size);
  const balance = await rest.getWalletBalance({ accountType: 'UNIFIED' });
  assert.strictEqual(balance.result.list[0].accountType, 'UNIFIED');
});

test('cancels it', async () => {
  assert.strictEqual((await trade.cancelOrder({ category: 'linear', symbol: 'AMZN', orderId: id })).retCode, 0);
  await hear('order', (o) => o.orderId === id && o.orderStatus.endsWith('anceled'), 'the end');
  const { result } = await rest.getHistoricOrders({ category: 'linear' });
  assert.strictEqual(result.list[0].orderId, id);
});

test('creates, amends and cancels in batches', async () => {
  const of = ({ category, ...rest_ }) => rest_;
  const created = await trade.batchSubmitOrders('linear', [
    of(order({ orderLinkId: 'a' })), of(order({ orderLinkId: 'b', price: '999' })), of(order({ orderLinkId: 'c' })),
  ]);
  assert.deepStrictEqual(created.retExtInfo.list.map((e) => e.code), [0, 110003, 0]);
  const amended = await trade.batchAmendOrder('linear', [{ symbol: 'AMZN', orderLinkId: 'a', price: '218.5' }]);
  assert.deepStrictEqual(amended.retExtInfo.list.map((e) => e.code), [0]);
  const cancelled = await trade.batchCancelOrder('linear', [
    { symbol: 'AMZN', orderLinkId: 'a' }, { symbol: 'AMZN', orderLinkId: 'b' }, { symbol: 'AMZN', orderLinkId: 'c' },
  ]);
  assert.deepStrictEqual(cancelled.retExtInfo.list.map((e) => e.code), [0, 110001, 0]);
});

test('comes back after its connection was lost', async () => {
  const client = trade.getWSClient();
  let back = false;
  client.on('reconnected', () => { back = true; });
  client.getWsStore().getWs(TRADE).terminate();
  await until(() => back, 'a new connection');
  const reply = await trade.submitNewOrder(order({ orderLinkId: 'again' }));
  assert.strictEqual(reply.retCode, 0);
  const { result } = await rest.getActiveOrders({ category: 'linear', orderLinkId: 'again' });
  assert.strictEqual(result.list.length, 1);
});

test('its pings keep it, and are answered', async () => {
  const pinging = new WebsocketClient(
    { ...options('JSON1', '/v5/private'), pingInterval: 50, pongTimeout: 5000 }, quiet);
  let reconnects = 0;
  pinging.on('reconnect', () => { ++reconnects; });
  pinging.on('exception', (e) => assert.fail(JSON.stringify(e)));
  await pinging.connectPrivate();
  await sleep(500);
  assert.strictEqual(reconnects, 0);
  pinging.closeAll(true);
});

test('a wrong secret is refused, over both', async () => {
  const wrong = new RestClientV5({ key: 'key-JSON1', secret: 'wrong', baseUrl: `http://127.0.0.1:${port}` });
  assert.strictEqual((await wrong.getPositionInfo({ category: 'linear' })).retCode, 10004);
  const socket = new WebsocketClient(options('JSON1', '/v5/private', 'wrong'), quiet);
  let told = null;
  socket.on('exception', (event) => { told = told || event; });
  socket.connectPrivate().catch(() => {});
  await until(() => told, 'a refusal');
  assert.match(JSON.stringify(told), /10004/);
  socket.closeAll(true);
});

test('the edge says goodbye when it ends', async () => {
  let code = null;
  const client = new WebsocketClient(options('JSON1', '/v5/private'), quiet);
  await client.connectPrivate();
  client.getWsStore().getWs('v5Private').addEventListener('close', (event) => { code = event.code; });
  const answered = ask('stop');
  await until(() => code !== null, 'a close');
  assert.strictEqual(code, 1001);
  client.closeAll(true);
  assert.strictEqual(await answered, 'stopped');
});
