// What the Node client needs around it: sign-in over plain HTTP, named checks, the closing line.
const assert = require('node:assert/strict');
const fs = require('node:fs');

const origin = process.argv[2].replace(/\/$/, '');
const APP = '100200300400500';
const SECRET = 'practice-app-secret';
const REDIRECT = 'http://127.0.0.1:5000/callback';
const SCOPES = ['pages_show_list', 'pages_manage_posts', 'pages_read_engagement'];

let passed = 0;
let failed = 0;

/** Runs one check; whatever it throws is a failure. */
async function check(name, what) {
  try {
    await what();
    passed += 1;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}`);
    console.error(error instanceof Error ? error.stack : JSON.stringify(error));
  }
}

/** Prints the closing line, leaves the count to the caller, sets the exit code. */
function close() {
  console.log(`${passed} passed, ${failed} failed`);
  fs.appendFileSync(process.argv[3], `${passed} ${failed}\n`);
  process.exitCode = failed ? 1 : 0;
}

/** What the practice network itself knows. */
const state = async () => (await fetch(`${origin}/control/state`)).json();

const trouble = (words) =>
  fetch(`${origin}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(words),
  });

/** Signs in as a browser would, and answers the code that the app gets. */
async function code() {
  const query = new URLSearchParams({ client_id: APP, redirect_uri: REDIRECT, scope: SCOPES.join(','), state: 's' });
  const login = form(await (await fetch(`${origin}/v25.0/dialog/oauth?${query}`)).text());
  login.fields.push(['user', 'ada'], ['password', 'practice'], ['choice', 'sign-in']);
  const consent = form(await (await send(login)).text());
  consent.fields.push(['choice', 'continue']);
  const answer = await send(consent);
  assert.equal(answer.status, 302);
  return new URL(answer.headers.get('location')).searchParams.get('code');
}

function form(html) {
  const attribute = (tag, name) => plain(tag.match(new RegExp(`${name}="([^"]*)"`))?.[1] ?? '');
  const filled = html.match(/<input [^>]*>/g).filter((tag) => /type="hidden"| checked/.test(tag));
  return {
    action: attribute(html.match(/<form [^>]*>/)[0], 'action'),
    fields: filled.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]),
  };
}

const plain = (text) =>
  text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

const send = ({ action, fields }) =>
  fetch(origin + action, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

module.exports = { APP, REDIRECT, SECRET, assert, check, close, code, origin, state, trouble };
