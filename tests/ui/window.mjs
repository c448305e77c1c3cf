// The real window, driven as a person would see it. Run through run.sh.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endKeeper } from './keeper.mjs';
import { runAll, test } from './tests.mjs';
import { openApp } from './webdriver.mjs';

const DESKTOP = resolve(process.env.EVERGRANT_DESKTOP);
const EVERGRANT = resolve(process.env.EVERGRANT);
const PRACTICE_PORT = 8459; // as in providers/practice.toml
const NO_DISPLAY = 69;
const scratch = mkdtempSync(join(tmpdir(), 'evergrant-window-'));

for (const [name, changes, word] of [
  ['without a display one sentence says so and the exit code is 69', {}, 'DISPLAY'],
  ['a display that does not answer is told the same way', { DISPLAY: ':4711' }, 'does not answer'],
]) {
  test(name, () => {
    const { DISPLAY: _x, WAYLAND_DISPLAY: _w, ...bare } = process.env;
    const ended = spawnSync(DESKTOP, { env: { ...bare, ...changes }, encoding: 'utf8', timeout: 20_000 });
    assert.equal(ended.status, NO_DISPLAY, ended.stderr);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
    assert.ok(ended.stderr.includes(word) && ended.stderr.includes('`evergrant`'), ended.stderr);
    assert.equal(ended.stdout, '');
  });
}

test('an empty data folder is shown as one, with the command to connect', () =>
  withWindow(async (app) => {
    const heading = await app.until(() => app.text('main h2'));
    assert.equal(heading, 'No account is connected yet', await app.text('main'));
    assert.match(await app.text('main'), /evergrant connect/);
    assert.equal(await app.title(), 'Evergrant');
  }));

test('everything fits a window of 900 by 600, and the picture is not blank', () =>
  withWindow(async (app) => {
    await app.until(() => app.text('main h2'));
    const [width, height, wide] = await app.run(
      'return [innerWidth, innerHeight, document.documentElement.scrollWidth]',
    );
    assert.deepEqual([width, height], [900, 600]);
    assert.ok(wide <= width, `the page is ${wide} wide`);
    const picture = join(scratch, 'window.png');
    // The page is there before it is painted; a blank picture has one colour.
    await app.until(async () => {
      await app.shot(picture);
      return Number(spawnSync('identify', ['-format', '%k', picture], { encoding: 'utf8' }).stdout) > 20;
    });
  }));

test('the pages run no script but their own and reach no command but their own', () =>
  withWindow(async (app) => {
    await app.until(() => app.text('main h2'));
    const inline = await app.run(`
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
      return window.inlineRan === true;`);
    assert.equal(inline, false, 'an inline script ran');
    const style = await app.run(`
      const style = document.createElement('style');
      style.textContent = 'body { margin-top: 77px }';
      document.head.append(style);
      return getComputedStyle(document.body).marginTop;`);
    assert.notEqual(style, '77px', 'an inline style was taken');
    // Loopback, so that a policy that lets it through is seen to: the server must stay unasked.
    let asked = 0;
    const server = createServer((socket) => (asked += 1, socket.destroy())).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const reached = await app.run(
      "return fetch(arguments[0], { mode: 'no-cors' }).then(() => 'reached', () => 'refused')",
      `http://127.0.0.1:${server.address().port}/`,
    );
    server.close();
    assert.deepEqual([reached, asked], ['refused', 0]);
    const foreign = await app.run(
      "return window.__TAURI_INTERNALS__.invoke('plugin:event|emit', { event: 'x', payload: null }).then(() => 'allowed', String)",
    );
    assert.match(foreign, /not allowed/);
  }));

test('axe finds no fault in the page', () =>
  withWindow(async (app) => {
    await app.until(() => app.text('main h2'));
    await app.run(readFileSync('ui/node_modules/axe-core/axe.min.js', 'utf8'));
    const faults = await app.run(`
      return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
        .then((found) => found.violations.map((fault) => fault.id + ': ' + fault.nodes.map((node) => node.html).join(' ')))`);
    assert.deepEqual(faults, []);
  }));

// After the tests of the empty folder: this one fills it.
test('a connected account is listed as the command line lists it', async () => {
  assert.ok(existsSync(EVERGRANT), `${EVERGRANT} is missing`);
  const network = spawn(EVERGRANT, ['practice'], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await answering(PRACTICE_PORT);
    evergrant(['connect', 'practice'], { PATH: `${browserFolder()}:${process.env.PATH}` });
    const { accounts } = JSON.parse(evergrant(['accounts', '--json']));
    assert.equal(accounts.length, 1);
    const [{ name, identity, provider_name, state, expires }] = accounts;
    assert.deepEqual([name, state], ['Ada Practice', 'active']);
    await withWindow(async (app) => {
      await app.until(() => app.text('tbody[data-account]'));
      const cells = await app.run(
        "return [...document.querySelectorAll('tbody[data-account] tr:first-child > *')].map((cell) => cell.innerText)",
      );
      assert.equal(cells.length, 5, await app.text('main'));
      assert.deepEqual(cells[0].trim().split(/\s*\n\s*/), [name, identity]);
      assert.equal(cells[1], provider_name);
      assert.equal(cells[2].trim(), 'Connected');
      const shown = await app.run("return document.querySelector('tbody[data-account] time').dateTime");
      assert.equal(new Date(shown).getTime(), new Date(expires.at).getTime());
      assert.match(cells[4], /^Good/);
    });
  } finally {
    network.kill();
  }
});

test('closing the window ends the program', async () => {
  const app = spawn(DESKTOP, { stdio: 'ignore' });
  const ended = new Promise((end) => app.once('exit', (code, signal) => end(code ?? signal)));
  try {
    // A key pressed while the window is still being placed is lost, so press again, as a person would; and look for
    // the window anew, since the one found first may be the last test's, on its way out.
    let how = 'still running';
    for (let presses = 0; presses < 40 && how === 'still running'; presses += 1) {
      const id = await Promise.race([visible('^Evergrant$').catch(() => null), ended.then(() => null)]);
      if (id !== null) spawnSync('xdotool', ['windowfocus', id, 'key', '--clearmodifiers', 'alt+F4'], { timeout: 5_000 });
      how = await Promise.race([ended, sleep(500, 'still running')]);
    }
    assert.equal(how, 0);
  } finally {
    app.kill('SIGKILL');
  }
});

await runAll();
await endKeeper();
rmSync(scratch, { recursive: true });

async function withWindow(body) {
  const app = await openApp({ binary: DESKTOP });
  try {
    await body(app);
  } finally {
    await app.close();
  }
}

/** Runs the command line; gives what it prints. */
function evergrant(words, changes = {}) {
  const ended = spawnSync(EVERGRANT, words, { env: { ...process.env, ...changes }, encoding: 'utf8', timeout: 60_000 });
  assert.equal(ended.status, 0, `evergrant ${words.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

/** A folder whose `xdg-open` signs in at the practice network as a person would. */
function browserFolder() {
  const folder = join(scratch, 'bin');
  mkdirSync(folder);
  const script = `#!/bin/sh\nexec "${process.execPath}" "${resolve('tests/ui/sign_in_page.mjs')}" "$1"\n`;
  writeFileSync(join(folder, 'xdg-open'), script, { mode: 0o755 });
  return folder;
}

/** Waits until something listens there. */
async function answering(port) {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
    const open = await new Promise((tell) => {
      const socket = connect(port, '127.0.0.1', () => tell(true)).once('error', () => tell(false));
      socket.unref();
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function visible(name) {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) {
    const { stdout } = spawnSync('xdotool', ['search', '--onlyvisible', '--name', name], { encoding: 'utf8' });
    if (stdout.trim() !== '') return stdout.trim().split('\n')[0];
  }
  throw new Error(`no window named ${name} appeared`);
}
