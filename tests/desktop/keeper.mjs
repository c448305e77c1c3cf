// Run by keeper.sh. A password is changed at the service: the post is held, one notice is shown, its button opens the
// browser, and the post goes out once. Then the same keeper without anything of a desktop.
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const evergrant = process.env.EVERGRANT;
const patience = 60_000;
const started = [];
const helpers = [];
let passed = 0;
let failed = 0;

function expect(what, holds, seen) {
  if (holds) {
    passed += 1;
    console.log(`ok: ${what}`);
  } else {
    failed += 1;
    console.log(`FAILED: ${what}\n    ${JSON.stringify(seen)}`);
  }
}

/** A program that talks in lines. */
function helper(program, args = [], env = process.env) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  started.push(child);
  const lines = [];
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = waiting.shift();
    if (next) next(line);
    else lines.push(line);
  });
  const said = { err: '' };
  child.stderr.on('data', (piece) => { said.err += piece; });
  const ended = new Promise((done) => { child.on('exit', (code) => done(code)); });
  const next = (limit = patience) => new Promise((done, failed) => {
    if (lines.length > 0) return done(lines.shift());
    const late = setTimeout(() => failed(new Error(`${program} ${args} says nothing: ${said.err}`)), limit);
    waiting.push((line) => { clearTimeout(late); done(line); });
  });
  const one = { child, next, said, ended, lines, say: (line) => child.stdin.write(`${line}\n`) };
  helpers.push(one);
  return one;
}

/** One command of ours; never fails by itself. */
function run(...args) {
  return new Promise((done) => {
    execFile(evergrant, args, (error, out, err) => done({ code: error ? error.code : 0, out, err }));
  });
}

async function until(what, holds) {
  const end = Date.now() + patience;
  while (Date.now() < end) {
    const found = await holds();
    if (found) return found;
    await new Promise((later) => { setTimeout(later, 50); });
  }
  throw new Error(`in vain: ${what}`);
}

async function main() {
  const notices = helper(join(here, 'notification_server.py'));
  const tray = helper(join(here, 'tray_host.py'));
  await Promise.all([notices.next(), tray.next()]);
  const ask = async (order) => {
    tray.say(order);
    return JSON.parse(await tray.next());
  };
  const practice = helper(evergrant, ['practice', '--port', '0', '--json']);
  const [, origin] = (await practice.next()).match(/"origin":"([^"]+)"/);
  const changePassword = () => fetch(`${origin}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ trouble: 'change_password', person: 'ada' }),
  });
  const answers = () => until('the keeper answers', async () => (await run('doctor')).out.includes('looks after everything'));
  const copies = async (text) => {
    const page = await (await fetch(`${origin}/pages/500100`)).text();
    return page.split(text).length - 1;
  };
  await run('vault', 'create');

  const keeper = helper(evergrant, ['keep']);
  await answers();
  const connected = await run('connect', 'practice', '--var', `origin=${origin}`, '--json');
  expect('an account is connected through the keeper and the browser', connected.code === 0, connected);
  const account = JSON.parse(connected.out).connected.id;

  expect('there is an icon in the tray', (await ask('wait')) === 'here', '');
  const calm = await ask('icon');
  expect('it is calm', calm.status === 'Active', calm);

  await changePassword();
  for (const text of ['Held by one end', 'Held by the same end']) {
    const post = await run('post', account, text, '--to', '500100');
    expect(`the post is held: ${text}`, post.code === 3, post);
  }
  const shown = JSON.parse(await notices.next());
  expect('the notice has a button', Object.values(shown.buttons).includes('Sign in again'), shown);
  expect('it says who and why', shown.title.includes('Ada Practice') && shown.body.includes('password'), shown);
  const calling = await until('the tray calls', async () => {
    const icon = await ask('icon');
    return icon.status === 'NeedsAttention' && icon;
  });
  expect('the icon has another shape', calling.pixmaps[0][2] !== calm.pixmaps[0][2], calling);
  const menu = await ask('menu');
  expect('its menu names who is needed', menu.some((line) => line.label?.startsWith('Sign in again: Ada Practice')), menu);
  expect('nothing stands on the page yet', (await copies('Held by one end')) === 0, '');

  const key = Object.keys(shown.buttons).find((name) => shown.buttons[name] === 'Sign in again');
  notices.say(`press ${shown.shown} ${key}`);
  await until('the held posts go out', async () => (await copies('Held by one end')) === 1
    && (await copies('Held by the same end')) === 1);
  expect('the held posts stand on the page, once each', true, '');
  await until('the tray is calm again', async () => (await ask('icon')).status === 'Active');
  const more = notices.lines.map((line) => JSON.parse(line)).filter((line) => line.shown);
  expect('there was one notice for both', more.length === 0, more);
  const held = await run('queue');
  expect('nothing is held any longer', held.out.includes('Nothing is waiting'), held);

  await ask('choose Quit');
  expect('"Quit" in the tray ends it', (await keeper.ended) === 0, keeper.said.err);

  // The sign-in once more from the tray, while nobody shows notifications.
  notices.child.kill();
  await notices.ended;
  const second = helper(evergrant, ['keep']);
  await answers();
  await ask('wait');
  await changePassword();
  const post = await run('post', account, 'Held without notices', '--to', '500100');
  expect('without notifications it goes on', post.code === 3, post);
  const told = await run('doctor');
  expect('doctor says that nothing shows notifications', told.out.includes('shows notifications'), told);
  const line = await until('the menu names who is needed', async () => {
    const lines = await ask('menu');
    return lines.find((entry) => entry.label?.startsWith('Sign in again: '))?.label;
  });
  await ask(`choose ${line}`);
  await until('the held post goes out', async () => (await copies('Held without notices')) === 1);
  expect('the tray signs in, too', true, '');
  second.child.kill('SIGTERM');
  expect('SIGTERM ends it', (await second.ended) === 0, second.said.err);

  // No session bus at all.
  const { DBUS_SESSION_BUS_ADDRESS: _, ...bare } = process.env;
  const alone = helper(evergrant, ['keep'], bare);
  await answers();
  const good = await run('post', account, 'Without a bus', '--to', '500100');
  expect('without a session bus it posts', good.code === 0 && (await copies('Without a bus')) === 1, good);
  expect('and says that there is no icon', alone.said.err.includes('no icon in the tray'), alone.said.err);
  const missing = await new Promise((done) => {
    execFile(evergrant, ['doctor'], { env: bare }, (_error, out) => done(out));
  });
  expect('doctor says that there is no bus', missing.includes('no session bus'), missing);
  alone.child.kill('SIGTERM');
  expect('SIGTERM ends that, too', (await alone.ended) === 0, alone.said.err);
}

try {
  await main();
} catch (error) {
  failed += 1;
  console.log(`FAILED: ${error.stack ?? error}`);
  // What helps to see why.
  for (const words of [['accounts'], ['queue'], ['diary', '--limit', '8']]) console.log((await run(...words)).out);
  for (const one of helpers) console.log(one.child.spawnargs.join(' '), one.lines, one.said.err);
} finally {
  for (const child of started) child.kill();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
