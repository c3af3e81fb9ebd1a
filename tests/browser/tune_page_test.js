'use strict';

// The page of `portcullis tune` about a short demo, in headless Chromium: its tables and plots are
// there and can be read, and nothing is amiss. PORTCULLIS_JOURNAL names another journal's folder.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { chromium } = require('playwright-core');

const ROOT = path.join(__dirname, '..', '..');
const BINARY = process.env.PORTCULLIS_BINARY;
const CHROMIUM = process.env.PORTCULLIS_CHROMIUM || '/usr/bin/chromium';
const CLIP = 'profiles.client.instruments.AMZN.clip';
const WIDTHS = [1280, 700];

let folder;
let browser;
let page;
const complaints = [];

function run(program, ...argv) {
  return childProcess.execFileSync(program, argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

function recordedJournal() {
  if (process.env.PORTCULLIS_JOURNAL) return process.env.PORTCULLIS_JOURNAL;
  const demo = path.join(ROOT, 'gateway', 'demo', 'demo.py');
  run('python3', demo, '--binary', BINARY, '--messages', '8000', '--keep', path.join(folder, 'demo'));
  return path.join(folder, 'demo', 'config', 'journal');
}

// Lower limits, so that there is something to show of each kind.
function candidate() {
  const limits = JSON.parse(
    fs.readFileSync(path.join(ROOT, 'config', 'examples', 'demo', 'limits.json'), 'utf8'));
  const amzn = limits.profiles.client.instruments.AMZN;
  amzn.clip = '150';
  amzn.long_max = '1500';
  limits.profiles.maker.instruments['BTC-PERP'].notional_max = '20000000';
  const at = path.join(folder, 'candidate');
  fs.mkdirSync(at);
  fs.writeFileSync(path.join(at, 'limits.json'), JSON.stringify(limits));
  return at;
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-browser-'));
  const out = path.join(folder, 'out');
  run(BINARY, 'tune', '--journal', recordedJournal(), '--candidate', candidate(), '--out', out,
    '--suggest', path.join(folder, 'suggested'), '--sweep', `${CLIP}=50:250:50`);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  page = await browser.newPage({ viewport: { width: WIDTHS[0], height: 900 } });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(`file://${path.join(out, 'tune.html')}`);
  if (process.env.PORTCULLIS_SCREENSHOT)
    await page.screenshot({ path: process.env.PORTCULLIS_SCREENSHOT, fullPage: true });
});

after(async () => {
  if (browser) await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('it says what it is about', async () => {
  assert.strictEqual(await page.title(), 'What a candidate would have changed');
  const headings = await page.locator('h2').allTextContents();
  for (const heading of ['What the candidate changes', 'Decisions', 'Sweep', 'How full the limits are',
    'Worth a look', 'Suggested limits', 'Order sizes', 'Examples', 'What this can and cannot say']) {
    assert.ok(headings.includes(heading), `${heading} is not among ${headings}`);
  }
});

test('its tables have rows, each as wide as its head', async () => {
  const tables = await page.locator('table').evaluateAll((all) => all.map((table) => ({
    head: table.querySelectorAll('th').length,
    rows: [...table.querySelectorAll('tr')].slice(1).map((row) => row.cells.length),
    isShown: table.offsetWidth > 0 && table.offsetHeight > 0,
  })));
  assert.ok(tables.length >= 9, `${tables.length} tables`);
  for (const table of tables) {
    assert.ok(table.isShown && table.rows.length > 0);
    for (const cells of table.rows) assert.strictEqual(cells, table.head);
  }
  const changed = await page.locator('table').nth(0).innerText();
  assert.match(changed, /profiles\.client\.instruments\.AMZN\.clip\s+"1000"\s+"150"/);
});

test('its plots are shown, with every word inside the picture', async () => {
  const plots = await page.locator('figure svg').evaluateAll((all) => all.map((svg) => {
    const box = svg.viewBox.baseVal;
    const outside = [...svg.querySelectorAll('text')].filter((text) => {
      const of = text.getBBox();
      return of.x < -1 || of.y < -1 || of.x + of.width > box.width + 1 || of.y + of.height > box.height + 1;
    });
    const shapes = [...svg.querySelectorAll('path, rect, line')];
    return {
      title: svg.querySelector('title').textContent,
      width: svg.getBoundingClientRect().width,
      outside: outside.map((text) => text.textContent),
      shapes: shapes.length,
      broken: shapes.filter((shape) => /nan|inf/i.test(shape.outerHTML)).length,
    };
  }));
  assert.ok(plots.length >= 6, `${plots.length} plots`);
  for (const plot of plots) {
    assert.ok(plot.width > 300, plot.title);
    assert.ok(plot.shapes > 4, plot.title);
    assert.strictEqual(plot.broken, 0, plot.title);
    assert.deepStrictEqual(plot.outside, [], plot.title);
  }
});

test('it fits the window, wide or narrow: only tables scroll', async () => {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const [content, window] =
      await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= window, `${content} in ${window}`);
  }
});

test('the browser has nothing to complain of', () => assert.deepStrictEqual(complaints, []));
