'use strict';

// The foreign SoupBinTCP as a client of the gate, with the simulated venue behind it.

const assert = require('node:assert');
const { after, before, test } = require('node:test');

const ouch = require('./ouch');
const world = require('./world');

const PRICE = 64_000_000;         // 64,000 on the wire of ALPHA2, in tens
const SELLERS_PRICE = 6_400_000;  // and of BRAVO2, in hundreds; whose quantities count tenths of a lot
const SILENCE_MS = 3000;

let folder;
let venue;
let gate;
let port;

const buy = (number, quantity, more = {}) =>
  ouch.enter({ number, side: 'B', quantity, symbol: 'BTCPERP', price: PRICE, id: `buy-${number}`, ...more });
const sell = (number, lots) =>
  ouch.enter({ number, side: 'S', quantity: 10 * lots, symbol: 'XBTUSD', price: SELLERS_PRICE, id: `sell-${number}` });

async function loggedIn(login) {
  const peer = new world.Peer(port);
  assert.strictEqual(await peer.login(login), null);
  return peer;
}

before(async () => {
  folder = world.temporaryFolder();
  venue = world.startVenue(folder);
  gate = world.startGate(folder, await venue.port(), (settings) => {
    settings.gateway.silence_timeout_ms = SILENCE_MS;
  });
  port = await gate.port();
});

after(() => world.removeFolder(folder));

test('orders are acknowledged, filled, replaced, cancelled and refused', async () => {
  const buyer = await loggedIn({ user: 'ALPHA2' });
  const seller = await loggedIn({ user: 'BRAVO2' });
  assert.match(buyer.accepted.session, /^ *[^ ]+$/, 'right-justified');
  assert.strictEqual(buyer.accepted.session.length, 10);
  assert.strictEqual(buyer.accepted.sequenceNumber, 1);
  await buyer.receive(1);  // the venue is there

  buyer.send(buy(1, 3, { firm: 'ALPH' }));
  await buyer.receive(2);
  await seller.receive(1);
  seller.send(sell(1, 2));
  await buyer.receive(3);
  buyer.send(ouch.replace({ original: 1, number: 2, quantity: 5, price: PRICE - 5000 }));
  await buyer.receive(4);
  buyer.send(ouch.cancel(2));
  await buyer.receive(5);
  buyer.send(buy(3, 0));
  assert.deepStrictEqual(await buyer.receive(6), [
    'S S',
    'A 1 B 3 BTCPERP 64000000 0Y PNNL buy-1 0502414c5048',
    'E 1 2 64000000',
    'U 1 2 B 3 63995000 L',
    'C 2 3 U',
    'J 3 13 buy-3',
  ]);
  assert.deepStrictEqual(await seller.receive(3), [
    'S S',
    'A 1 S 20 XBTUSD 6400000 0Y PNNL sell-1 050242525648',
    'E 1 20 6400000',
  ]);
  buyer.end();
  seller.end();
});

test('who comes back hears the same bytes, and what happened meanwhile', async () => {
  const first = await loggedIn({ user: 'ALPHA2' });
  await first.receive(6);
  first.send(buy(4, 1));
  await first.receive(7);
  const { session } = first.accepted;
  const heard = first.messages;
  first.end();

  const seller = await loggedIn({ user: 'BRAVO2', number: 0 });
  seller.send(sell(2, 1));
  await seller.receive(2);

  for (const number of [1, 4, 8]) {
    const again = await loggedIn({ user: 'ALPHA2', session, number });
    assert.strictEqual(again.accepted.session, session);
    assert.strictEqual(again.accepted.sequenceNumber, number);
    await again.receive(8 - (number - 1));
    assert.deepStrictEqual(again.messages.slice(0, -1), heard.slice(number - 1), 'byte for byte');
    assert.strictEqual(again.lines().at(-1), 'E 4 1 64000000');
    again.end();
  }
  const onlyNew = await loggedIn({ user: 'ALPHA2', session, number: 0 });
  assert.strictEqual(onlyNew.accepted.sequenceNumber, 9);
  onlyNew.send(buy(4, 1));  // a repeat: ignored
  onlyNew.send(ouch.query());
  assert.deepStrictEqual(await onlyNew.receive(1), ['Q 5']);
  onlyNew.end();
  seller.end();
});

test('wrong logins are rejected with their reason and the connection is closed', async () => {
  const wrong = [
    [{ user: 'ALPHA2', password: 'wrong' }, 'A'],
    [{ user: 'NOBODY' }, 'A'],
    [{ user: 'ALPHA2', session: 'ELSEWHERE' }, 'S'],
    [{ user: 'ALPHA2', number: 1000 }, 'S'],
  ];
  for (const [login, reason] of wrong) {
    const peer = new world.Peer(port);
    assert.strictEqual(await peer.login(login), reason);
    await peer.hearTheEnd();
    assert.deepStrictEqual(peer.messages, []);
    peer.end();
  }
});

test('heartbeats of both sides keep an idle connection', async () => {
  const idle = await loggedIn({ user: 'ALPHA2', number: 0 });
  const mute = await loggedIn({ user: 'BRAVO2', number: 0 });
  clearInterval(mute.client._connection._keepAlive);  // no heartbeats of its own
  await mute.hearTheEnd();
  assert.ok(!idle.ended, 'it has been idle for as long');
  await world.sleep(2 * SILENCE_MS);
  assert.ok(!idle.ended);
  assert.ok(idle.heartbeats.length >= 5, `${idle.heartbeats.length} heartbeats`);
  idle.send(ouch.query());
  assert.deepStrictEqual(await idle.receive(1), ['Q 5']);
  idle.end();
  mute.end();
});

test('a logout ends the connection and nothing else', async () => {
  const peer = await loggedIn({ user: 'ALPHA2', number: 0 });
  peer.send(buy(5, 1));
  await peer.receive(1);
  peer.client.logout();
  await peer.hearTheEnd();
  peer.end();
  const again = await loggedIn({ user: 'ALPHA2', number: 0 });
  again.send(ouch.cancel(5));
  assert.deepStrictEqual(await again.receive(1), ['C 5 1 U'], 'the order was still there');
  again.end();
});

test('the counts agree and the journal decides the same again', async () => {
  assert.strictEqual(await gate.terminate(), 0);
  assert.strictEqual(await venue.terminate(), 0);
  const { messages, links, venue: ours, verified, anomalies } = world.stats(folder, 'gate');
  const theirs = world.stats(folder, 'venue');
  assert.strictEqual(ours.accepted, 5);
  assert.strictEqual(ours.executed, 4);
  for (const name of ['accepted', 'executed', 'replaced', 'canceled']) {
    assert.strictEqual(theirs[name], ours[name], name);
  }
  assert.deepStrictEqual(messages,
                         { in: 12, forwarded: 8, rejected: 1, ignored: 1, malformed: 0, answered: 2 });
  assert.strictEqual(links.logins_rejected, 4);
  assert.strictEqual(links.protocol_errors, 1, 'the one that went silent');
  assert.strictEqual(verified, true);
  assert.deepStrictEqual(anomalies, {});
  await world.assertReplayAgrees(folder);
});
