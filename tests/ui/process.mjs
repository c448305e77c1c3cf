// The window's process: who works behind it, and what its page may ask. Run through run.sh; needs no page of ours, since
// what a page would ask is asked through the driver.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endKeeper, isAlive, keeperProcess } from './keeper.mjs';
import { runAll, test } from './tests.mjs';
import { openApp } from './webdriver.mjs';

const DESKTOP = resolve(process.env.EVERGRANT_DESKTOP);
const EVERGRANT = resolve(process.env.EVERGRANT);
const scratch = mkdtempSync(join(tmpdir(), 'evergrant-process-'));
// A folder of its own: what other tests have begun there is not of interest.
process.env.EVERGRANT_DATA = join(scratch, 'data');
process.env.EVERGRANT_CONFIG = join(scratch, 'config');

test('the window starts the keeper beside it, and closing the window leaves it there', async () => {
  await withWindow(async (app) => {
    assert.equal((await link(app, 'keeper')).problem, null);
    assert.deepEqual(await ask(app, 'accounts'), { accounts: [] });
  });
  const keeper = keeperProcess();
  assert.ok(isAlive(keeper), 'the keeper ended with the window');
  // The next window finds it.
  await withWindow(async (app) => {
    await link(app, 'keeper');
    assert.equal(keeperProcess(), keeper);
  });
});

test('a keeper that is killed while the window is open is told and replaced', () =>
  withWindow(async (app) => {
    await link(app, 'keeper');
    const first = keeperProcess();
    await forget(app);
    process.kill(first, 'SIGKILL');
    const told = await app.until(async () => {
      const states = (await heard(app)).filter(({ kind }) => kind === 'link').map(({ link }) => link.state);
      return states.includes('keeper') && states;
    });
    assert.deepEqual(told, ['connecting', 'keeper']);
    assert.notEqual(keeperProcess(), first);
    assert.deepEqual(await ask(app, 'queue', { all: true }), { posts: [] });
  }));

test('a second start ends at once and leads the first window to the place it names', () =>
  withWindow(async (app) => {
    await link(app, 'keeper');
    for (const [words, place] of [
      [['evergrant://post/5'], { page: 'queue', post: 5 }],
      [['--page', 'settings'], { page: 'settings' }],
    ]) {
      await forget(app);
      const second = spawnSync(DESKTOP, words, { encoding: 'utf8', timeout: 20_000 });
      assert.equal(second.status, 0, second.stderr);
      const went = await app.until(async () => (await heard(app)).find(({ kind }) => kind === 'go'));
      assert.deepEqual(went.place, place);
    }
    assert.equal((await app.handles()).length, 1);
  }));

test('a place that is named at the start is gone to once the page listens', () =>
  withWindow(async (app) => {
    await listen(app);
    const went = await app.until(async () => (await heard(app)).find(({ kind }) => kind === 'go'));
    assert.deepEqual(went.place, { page: 'activity' });
  }, { args: ['--page', 'activity'] }));

test('the page reaches the commands that are listed, and nothing else', () =>
  withWindow(async (app) => {
    await link(app, 'keeper');
    const { permissions } = JSON.parse(readFileSync('src-tauri/capabilities/main.json', 'utf8'));
    const listed = permissions.map((name) => name.replace(/^allow-/, '').replaceAll('-', '_'));
    assert.ok(listed.length > 30);
    // Without its arguments each of these is refused for what is missing, not for being asked.
    for (const name of ['post', 'edit', 'diary', 'sign_out', 'keep_draft', 'change_settings']) {
      assert.ok(listed.includes(name));
      assert.match(await refused(app, name), /missing required key|invalid args/, name);
    }
    for (const name of ['about', 'settings', 'providers', 'doctor', 'drafts', 'autostart']) {
      assert.ok(listed.includes(name));
      await ask(app, name);
    }
    for (const name of [
      'run_due', 'open', 'shell',
      'plugin:event|emit', 'plugin:event|listen', 'plugin:window|close', 'plugin:webview|create_webview_window',
      'plugin:path|resolve_directory', 'plugin:app|version', 'plugin:resources|close', 'plugin:menu|new',
    ]) {
      assert.match(await refused(app, name), /not allowed|not found/, name);
    }
  }));

test('the window shows no page but its own', () =>
  withWindow(async (app) => {
    const own = await app.url();
    assert.match(own, /^tauri:\/\/localhost/);
    for (const address of ['https://example.org/', 'http://127.0.0.1:1/', 'data:text/html,away', 'about:blank']) {
      await app.run('location.href = arguments[0]', address);
      await app.run('window.open(arguments[0])', address).catch(() => {});
      await sleep(200);
      assert.equal(await app.url(), own, address);
    }
    assert.equal((await app.handles()).length, 1);
  }));

test('drafts and settings outlive the window', async () => {
  const draft = {
    id: '0b54a6d8-7c7a-4a0e-9a52-0c3f4d1f2a10', account: null, target: null, text: 'Grüße', link: '', picture: null,
    due: null, zone: 'Europe/Berlin', edits: null, changed_at: '2026-12-01T10:00:00Z',
  };
  await withWindow(async (app) => {
    await ask(app, 'keep_draft', { draft });
    const changes = { warn_before: [1209600], late_limit: null };
    const { settings } = await ask(app, 'change_settings', { changes });
    assert.deepEqual(settings.warn_before, [1209600]);
  });
  assert.match(readFileSync(join(scratch, 'config', 'config.toml'), 'utf8'), /warn_before = \["14d"\]/);
  await withWindow(async (app) => {
    assert.deepEqual(await ask(app, 'drafts'), [draft]);
    await ask(app, 'drop_draft', { id: draft.id });
    assert.deepEqual(await ask(app, 'drafts'), []);
  });
});

test('the practice network is started with one call and ends with the window', async () => {
  let origin;
  await withWindow(async (app) => {
    ({ origin } = await ask(app, 'practice_start'));
    assert.match(await (await fetch(origin)).text(), /Practice network/);
    assert.deepEqual(await ask(app, 'practice_start'), { origin }, 'the one that runs is found');
  });
  for (const end = Date.now() + 10_000; await fetch(origin).then(() => true, () => false); await sleep(50)) {
    assert.ok(Date.now() < end, 'the practice network outlived the window');
  }
});

test('without the keeper\'s program the window owns the folder, says so, and lets it go again', async () => {
  const alone = join(scratch, 'alone');
  mkdirSync(alone);
  copyFileSync(DESKTOP, join(alone, 'evergrant-desktop'));
  // A search path that has everything but the command line's program.
  const others = join(scratch, 'others');
  mkdirSync(others);
  for (const name of ['WebKitWebDriver', 'xdg-open']) {
    const found = process.env.PATH.split(':').map((folder) => join(folder, name)).find(existsSync);
    if (found) symlinkSync(found, join(others, name));
  }
  const changes = { EVERGRANT_DATA: join(scratch, 'own-data'), PATH: others };
  await withWindow(async (app) => {
    assert.match((await link(app, 'own')).sentence, /only while this window is open/);
    assert.deepEqual(await ask(app, 'accounts'), { accounts: [] });
    // The command line talks to the window meanwhile.
    assert.deepEqual(JSON.parse(evergrant(['accounts', '--json'], changes)), { accounts: [] });
    assert.match(spawnSync(EVERGRANT, ['keep', '--headless'], { env: { ...process.env, ...changes }, encoding: 'utf8' }).stderr, /window/);
  }, { binary: join(alone, 'evergrant-desktop'), env: changes });
  assert.deepEqual(JSON.parse(evergrant(['accounts', '--json'], changes)), { accounts: [] });
});

try {
  await runAll();
} finally {
  await endKeeper();
  rmSync(scratch, { recursive: true, force: true });
}

async function withWindow(body, { binary = DESKTOP, args = [], env = {} } = {}) {
  const before = { ...process.env };
  Object.assign(process.env, env);
  const app = await openApp({ binary, args });
  Object.assign(process.env, before);
  try {
    await body(app);
  } finally {
    await app.close();
  }
}

/** What a page would ask; a refusal rejects with it. */
async function ask(app, command, args = {}) {
  const { answer, refusal } = await app.run(
    `return window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
      .then((answer) => ({ answer: answer ?? null }), (refusal) => ({ refusal }))`,
    command, args,
  );
  assert.equal(refusal, undefined, `${command}: ${JSON.stringify(refusal)}`);
  return answer;
}

/** Why a command is refused. */
function refused(app, command) {
  return app.run(
    `return window.__TAURI_INTERNALS__.invoke(arguments[0], {})
      .then(() => 'allowed', (refusal) => typeof refusal === 'string' ? refusal : JSON.stringify(refusal))`,
    command,
  );
}

/** Listens as a page does. */
function listen(app) {
  return app.run(`
    window.heard ??= [];
    const id = window.__TAURI_INTERNALS__.transformCallback(({ message }) => message && window.heard.push(message));
    return window.__TAURI_INTERNALS__.invoke('watch', { channel: '__CHANNEL__:' + id });`);
}

/** What a listening page was told so far. */
function heard(app) {
  return app.run('return window.heard');
}

/** What was told so far is not of interest any more. */
function forget(app) {
  return app.run('window.heard = []; return null');
}

/** Waits until the link stands so. */
async function link(app, state) {
  await listen(app);
  const event = await app.until(async () =>
    (await heard(app)).findLast(({ kind, link }) => kind === 'link' && link.state === state),
  );
  return event.link;
}

/** Runs the command line; gives what it prints. */
function evergrant(words, changes = {}) {
  const ended = spawnSync(EVERGRANT, words, { env: { ...process.env, ...changes }, encoding: 'utf8', timeout: 60_000 });
  assert.equal(ended.status, 0, `evergrant ${words.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}
