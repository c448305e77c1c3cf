// The person at the practice network's pages, without a browser: fills in what each form asks and presses its first
// button until the address leads elsewhere, which is then opened. Used as the system's browser:
//   node sign_in_page.mjs ADDRESS
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const KNOWN = { user: 'ada', password: 'practice' };
const MOST_PAGES = 10;

/** Signs in at `address` and opens the address it ends in; gives that one's status. */
export async function signIn(address) {
  const { origin } = new URL(address);
  let answer = await fetch(address, { redirect: 'manual' });
  let here = address;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const next = answer.headers.get('location');
    if (next !== null) {
      here = new URL(next, here).href;
      if (new URL(here).origin !== origin) return (await fetch(here)).status;
      answer = await fetch(here, { redirect: 'manual' });
    } else {
      const { action, fields } = firstForm(await answer.text(), here);
      here = action;
      answer = await fetch(action, { method: 'POST', body: fields, redirect: 'manual' });
    }
  }
  throw new Error(`still at ${here} after ${MOST_PAGES} pages`);
}

/** The address and the fields that pressing the first button of the page's first form sends. */
function firstForm(html, here) {
  const form = /<form\b([^>]*)>(.*?)<\/form>/s.exec(html);
  if (form === null) throw new Error(`no form at ${here}: ${html.slice(0, 500)}`);
  const fields = new URLSearchParams();
  for (const [, tag] of form[2].matchAll(/<input\b([^>]*)>/g)) {
    const name = attribute(tag, 'name');
    const unticked = attribute(tag, 'type') === 'checkbox' && !/\schecked\b/.test(tag);
    if (name !== '' && !unticked) fields.append(name, KNOWN[name] ?? attribute(tag, 'value'));
  }
  const button = /<button\b([^>]*)>/.exec(form[2])?.[1] ?? '';
  if (attribute(button, 'name') !== '') fields.append(attribute(button, 'name'), attribute(button, 'value'));
  return { action: new URL(attribute(form[1], 'action'), here).href, fields };
}

function attribute(tag, name) {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, code) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[code] ?? "'");
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const status = await signIn(argv[2]);
  console.log(`signed in, and the way back answered ${status}`);
}
