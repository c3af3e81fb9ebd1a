'use strict';

// The foreign SoupBinTCP as the gate's venue. What the venue says is written here, message by
// message; the gate's client is foreign too.

const assert = require('node:assert');
const { after, before, test } = require('node:test');
const soupbintcp = require('soupbintcp');

const ouch = require('./ouch');
const world = require('./world');

const PRICE = 64_000_000;  // 64,000 on the wire of ALPHA2 and of the venue, in tens
const SESSION = 'FOREIGN';
const SILENCE_MS = 3000;

// Its stream of sequenced messages outlives its connections. It answers queries by itself.
class Venue {
  constructor() {
    this.stream = [ouch.systemEvent('S')];
    this.next = 1;        // order number that it waits for
    this.logins = [];     // payloads as they came
    this.accepting = true;
    this.heard = [];      // messages but the queries
    this.heartbeats = 0;
    this.session = null;
    this.server = new soupbintcp.Server({ port: 0, host: '127.0.0.1' });
    this.server.on('session', (session) => this.connected(session));
  }

  async port() {
    await world.until(() => this.server.address(), 'a port to listen on');
    return this.server.address().port;
  }

  connected(session) {
    session._connection.on('packet', (type, payload) => {
      if (type === 'L'.charCodeAt(0)) this.logins.push(payload.toString('ascii'));
      if (type === 'R'.charCodeAt(0)) ++this.heartbeats;
    });
    session.on('login', ({ requestedSequenceNumber: asked }) => {
      const number = asked === 0 ? this.stream.length + 1 : asked;  // 0: no old messages
      if (!this.accepting) {
        session.reject({ rejectReasonCode: 'A' });  // 'S' would say that the session is gone
        session.end();
        return;
      }
      this.session = session;
      session.accept({ session: SESSION, sequenceNumber: number });
      this.stream.slice(number - 1).forEach((message) => session.send(message));
    });
    session.on('message', (payload) => {
      if (payload.equals(ouch.query())) this.say(ouch.queryResponse(this.next));
      else this.heard.push(Buffer.from(payload));
    });
    session.on('end', () => session.end());
    session.on('error', () => session.end());
  }

  // To whoever is there.
  say(message) {
    this.stream.push(message);
    if (this.session) this.session.send(message);
  }

  async hear() {
    await world.until(() => this.heard.length > 0, 'a message to the venue');
    return this.heard.shift();
  }
  async hearEnter() {
    const message = await this.hear();
    assert.strictEqual(message.toString('ascii', 0, 1), 'O');
    return ouch.readEnter(message);
  }

  // Without a word, in the way of a process that is killed; and does not accept before it is told.
  drop() {
    this.accepting = false;
    this.session.end();
    this.session._connection._socket.destroy();
    this.session = null;
  }
}

let folder;
let venue;
let gate;
let client;

const buy = (number, quantity) =>
  ouch.enter({ number, side: 'B', quantity, symbol: 'BTCPERP', price: PRICE, id: `buy-${number}` });

before(async () => {
  folder = world.temporaryFolder();
  venue = new Venue();
  gate = world.startGate(folder, await venue.port(), (settings) => {
    settings.venue.silence_timeout_ms = SILENCE_MS;
  });
});

after(() => {
  venue.server.close();
  world.removeFolder(folder);
});

test('the gate asks where the stream is, and logs in from the first message on', async () => {
  await world.until(() => venue.logins.length === 2 && venue.stream.length === 2, 'a login and a query');
  for (const [i, number] of ['0', '1'].entries()) {
    assert.strictEqual(venue.logins[i], `GATE01${'venuepass '}${' '.repeat(10)}${number.padStart(20)}`);
  }
  client = new world.Peer(await gate.port());
  assert.strictEqual(await client.login({ user: 'ALPHA2' }), null);
  assert.deepStrictEqual(await client.receive(1), ['S S']);
});

test('orders reach the venue and its answers the client', async () => {
  client.send(buy(7, 5));
  const order = await venue.hearEnter();
  assert.deepStrictEqual({ ...order, id: '' }, {
    number: 1, side: 'B', quantity: 5, symbol: 'BTCPERP ', price: PRICE, life: '0', rest: 'YPNN', id: '',
    appendage: Buffer.from('00060502414c5048', 'hex'),  // the account is the firm
  });
  venue.say(ouch.accepted(order, 1001));
  venue.say(ouch.executed(1, 2, PRICE - 5000, 5001));
  venue.next = 2;
  assert.deepStrictEqual((await client.receive(3)).slice(1),
                         ['A 7 B 5 BTCPERP 64000000 0Y PNNL buy-7 0502414c5048', 'E 7 2 63995000']);
});

test('heartbeats of both sides keep an idle link', async () => {
  venue.heartbeats = 0;
  await world.sleep(2 * SILENCE_MS);
  assert.ok(venue.heartbeats >= 4, `${venue.heartbeats} heartbeats`);
  assert.strictEqual(venue.logins.length, 2);
});

test('after a loss the gate resumes where it was and what was open is settled', async () => {
  client.send(buy(8, 1));  // heard, and lost with the venue's memory of it
  assert.strictEqual((await venue.hearEnter()).number, 2);
  venue.drop();
  await world.until(() => venue.logins.length >= 3, 'another try');
  client.send(buy(9, 1));
  client.send(ouch.cancel(7));
  assert.deepStrictEqual((await client.receive(4)).slice(3), ['J 9 2 buy-9'], 'there is no venue');
  venue.say(ouch.executed(1, 1, PRICE, 5002));  // while the gate is away
  const tries = venue.logins.length;
  venue.accepting = true;
  await world.until(() => venue.session && venue.logins.length > tries, 'a login');
  // It has heard four: system event, answer to the query, Accepted, Executed.
  for (const login of venue.logins.slice(2)) {
    assert.strictEqual(login, `GATE01venuepass ${SESSION.padStart(10)}${'5'.padStart(20)}`);
  }
  // Order 2 was never processed; a number behind it proves that.
  const fence = await venue.hear();
  assert.deepStrictEqual(fence, ouch.massCancel(3, 'PCLS', 'NOSYMBOL'));
  venue.say(ouch.massCancelResponse(3, 'PCLS', 'NOSYMBOL'));
  venue.next = 4;
  assert.deepStrictEqual(await venue.hear(), ouch.cancel(1), 'remembered');
  venue.say(ouch.canceled(1, 2));
  assert.deepStrictEqual((await client.receive(7)).slice(4), ['E 7 1 64000000', 'J 8 a buy-8', 'C 7 2 U']);
});

test('the link works as before, and again after a second loss', async () => {
  client.send(buy(10, 1));
  let order = await venue.hearEnter();
  assert.strictEqual(order.number, 4);
  venue.say(ouch.accepted(order, 1002));
  venue.next = 5;
  await client.receive(8);
  venue.drop();
  venue.accepting = true;
  const said = venue.stream.length;
  await world.until(() => venue.session && venue.stream.length === said + 1, 'the answer to a query');
  assert.strictEqual(venue.logins.at(-1).slice(16), `${SESSION.padStart(10)}${String(said + 1).padStart(20)}`);
  venue.say(ouch.executed(4, 1, PRICE, 5003));
  assert.deepStrictEqual((await client.receive(9)).slice(7),
                         ['A 10 B 1 BTCPERP 64000000 0Y PNNL buy-10 0502414c5048', 'E 10 1 64000000']);
});

test('the gate ends in good order and its journal decides the same again', async () => {
  client.client.logout();
  await client.hearTheEnd();
  client.end();
  assert.strictEqual(await gate.terminate(), 0);
  const { messages, venue: counts, live_orders: live, verified, anomalies } = world.stats(folder, 'gate');
  assert.deepStrictEqual(messages, { in: 5, forwarded: 4, rejected: 1, ignored: 0, malformed: 0, answered: 0 });
  assert.strictEqual(counts.accepted, 2);
  assert.strictEqual(counts.executed, 3);
  assert.strictEqual(counts.canceled, 1);
  assert.strictEqual(counts.voided, 1);
  assert.strictEqual(counts.adopted + counts.unattributed + counts.malformed + counts.off_grid, 0);
  assert.strictEqual(live, 0);
  assert.strictEqual(verified, true);
  assert.deepStrictEqual(anomalies, {});
  await world.assertReplayAgrees(folder);
});
