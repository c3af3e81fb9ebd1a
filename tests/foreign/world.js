'use strict';

// Gate and venue as processes on a copy of the shipped example, and the foreign client.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const soupbintcp = require('soupbintcp');

const ouch = require('./ouch');

const PASSWORD = 'sesame';
const VENUE_PASSWORD = 'venuepass';
const PATIENCE_MS = 20_000;  // only a failure takes so long
const BINARY = process.env.PORTCULLIS_BINARY;
const EXAMPLE = path.join(__dirname, '..', '..', 'config', 'examples', 'demo');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition, what) {
  const giveUp = Date.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(Date.now() < giveUp, `nothing came of: ${typeof what === 'function' ? what() : what}`);
    await sleep(2);
  }
}

// --- processes ---

// Each is ended by itself, with this program at the latest.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

class Program {
  constructor(argv) {
    this.out = '';
    this.code = null;
    const env = { ...process.env, PORTCULLIS_DEMO_PASSWORD: PASSWORD, PORTCULLIS_VENUE_PASSWORD: VENUE_PASSWORD };
    this.child = childProcess.spawn(BINARY, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    children.add(this.child);
    this.child.stdout.on('data', (data) => { this.out += data; });
    this.child.on('close', (code, signal) => {
      children.delete(this.child);
      this.code = signal || code;
    });
  }

  async port() {
    await until(() => this.out.includes('\n') || this.code !== null, `${BINARY} does not start`);
    const [, port] = this.out.match(/^listening on (\d+)\n/) || assert.fail(`it says: ${this.out}`);
    return Number(port);
  }

  async end() {
    await until(() => this.code !== null, `${BINARY} does not end`);
    return this.code;
  }

  terminate() {
    this.child.kill('SIGTERM');
    return this.end();
  }
}

exports.temporaryFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-foreign-'));
exports.removeFolder = (folder) => fs.rmSync(folder, { recursive: true, force: true });

exports.startVenue = (folder) =>
  new Program(['venue', '--port', '0', '--journal', path.join(folder, 'venue-journal'), '--user', 'GATE01',
               '--password-env', 'PORTCULLIS_VENUE_PASSWORD', '--stats', path.join(folder, 'venue.json')]);

// The example with prices that stay good, and sessions that keep their orders when they are lost.
// ALPHA2 is short and BRAVO2 long of BTC-PERP, so that what the one buys of the other is an exit.
exports.startGate = (folder, venuePort, change = () => {}) => {
  const config = path.join(folder, 'config');
  const read = (name) => JSON.parse(fs.readFileSync(path.join(EXAMPLE, name)));
  const write = (name, content) => fs.writeFileSync(path.join(config, name), JSON.stringify(content));
  fs.mkdirSync(config);
  for (const name of fs.readdirSync(EXAMPLE)) {
    if (name.endsWith('.json')) fs.copyFileSync(path.join(EXAMPLE, name), path.join(config, name));
  }
  const settings = read('process.json');
  settings.gateway.port = 0;
  Object.assign(settings.venue, { port: venuePort, reconnect_ms_min: 20, reconnect_ms_max: 100 });
  Object.assign(settings.journal, { ring_directory: null, ring_bytes: 4194304, segment_bytes: 8388608 });
  change(settings);
  write('process.json', settings);
  const feeds = read('feeds.json');
  for (const priced of [...Object.values(feeds.instruments), ...Object.values(feeds.assets)]) {
    priced.max_age_ms = 1_000_000_000;
  }
  write('feeds.json', feeds);
  const logins = read('sessions.json');
  for (const session of Object.values(logins.sessions)) session.cancel_on_disconnect = false;
  write('sessions.json', logins);
  const prices = { 'BTC-PERP': 64000, 'ETH-PERP': 3400, AMZN: 220, 'EUR/USD': 1.085, BTC: 64000, ETH: 3400, USDC: 1 };
  fs.writeFileSync(path.join(config, 'marks.csv'), 'time_ns,symbol,price\n' +
    Object.entries(prices).map(([symbol, price]) => `0,${symbol},${price}\n`).join(''));
  const accounts = { 'alpha-hedge': '-5', 'bravo-house': '5' };
  write('state.json', {
    as_of: '2026-01-05T00:00:00Z',
    by: 'operations',
    balances: Object.keys(accounts).map((account) => ({ account, asset: 'USDC', amount: '4000000' })),
    positions: Object.entries(accounts).map(([account, quantity]) =>
      ({ account, instrument: 'BTC-PERP', quantity, entry_price: '64000' })),
  });
  return new Program(['run', '--config', config, '--load', path.join(config, 'state.json'),
                      '--stats', path.join(folder, 'gate.json')]);
};

exports.stats = (folder, name) => JSON.parse(fs.readFileSync(path.join(folder, `${name}.json`)));

// The journal decided again, every decision and every message to a client compared.
exports.assertReplayAgrees = async (folder) => {
  const replay = new Program(['replay', '--json', '--journal', path.join(folder, 'config', 'journal')]);
  assert.strictEqual(await replay.end(), 0, replay.out);
  const report = JSON.parse(replay.out);
  assert.strictEqual(report.differences, 0);
  assert.ok(report.records > 0);
  assert.strictEqual(report.state_hash, exports.stats(folder, 'gate').state_hash);
};

// --- the foreign client ---

// What the package does that its user has to know (version 1.0.2):
//  - It sends heartbeats from the connection on, before the login too, and shows those of the
//    other side to nobody; its inner 'packet' event does.
//  - It tells the end of a connection only where the other side closed it in order. A connection
//    that was reset gives 'error', and its timer runs on until end() is called.
//  - It hands out the session as it is on the wire, left-padded, and takes it back so.
//  - Header and payload are two writes, so each message may come in two segments.
class Peer {
  constructor(port) {
    this.messages = [];  // sequenced, from number `first` on
    this.heartbeats = [];
    this.accepted = null;
    this.rejected = null;
    this.ended = false;
    this.client = new soupbintcp.Client({ port, host: '127.0.0.1' });
    this.client.on('accept', (payload) => { this.accepted = payload; });
    this.client.on('reject', (payload) => { this.rejected = payload.rejectReasonCode; });
    this.client.on('message', (payload) => this.messages.push(Buffer.from(payload)));
    this.client.on('end', () => { this.ended = true; });
    this.client.on('error', () => this.end());
    this.client._connection.on('packet', (type) => {
      if (type === 'H'.charCodeAt(0)) this.heartbeats.push(Date.now());
    });
  }

  // The reject reason, or null.
  async login({ user, password = PASSWORD, session = '', number = 1 }) {
    this.client.login({
      username: user,
      password,
      requestedSession: session,
      requestedSequenceNumber: number,
    });
    await until(() => this.accepted || this.rejected || this.ended, `login of ${user}`);
    return this.rejected;
  }

  async receive(count) {
    await until(() => this.messages.length >= count, () =>
      `${count} messages; there are: ${this.lines().join('; ')}`);
    return this.lines();
  }

  lines() {
    return this.messages.map(ouch.line);
  }

  send(payload) {
    this.client.send(payload);
  }

  async hearTheEnd() {
    await until(() => this.ended, 'the end of the connection');
  }

  end() {
    this.ended = true;
    this.client.end();
  }
}

exports.Peer = Peer;
exports.sleep = sleep;
exports.until = until;
