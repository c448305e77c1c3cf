// Drives the real window: a small W3C WebDriver client over fetch for Debian's WebKitWebDriver. No dependencies.
//
//   const app = await openApp({ binary: 'target/debug/evergrant-desktop' });
//   await app.click('#renew');
//   await app.until(async () => (await app.text('#status')) === 'renewed');
//   await app.close();
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

// A port is never used twice: a keeper that the window has started inherits the driver's socket and outlives it.
let lastPort = 4443;

export async function openApp({ binary, args = [], port = (lastPort += 1), waitForWindow = 30_000 }) {
  // The application inherits TAURI_WEBVIEW_AUTOMATION from the driver, which starts it. Without it the session never opens.
  const driver = spawn('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`],
    { stdio: 'inherit', env: { ...process.env, TAURI_WEBVIEW_AUTOMATION: 'true' } });

  async function call(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(waitForWindow),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  async function until(ask, ms = 20_000) {
    for (const end = Date.now() + ms; ; await sleep(50)) {
      const value = await ask().catch(() => undefined);
      if (value) return value;
      if (Date.now() > end) throw new Error(`not within ${ms} ms: ${ask}`);
    }
  }

  try {
    await until(() => call('GET', '/status'));
    // Answers when the application's first window is there, however late that is.
    const { sessionId } = await call('POST', '/session', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args } } },
    });
    const session = `/session/${sessionId}`;
    const [application] = await children(driver.pid);
    const find = async (css) =>
      (await call('POST', `${session}/element`, { using: 'css selector', value: css }))[ELEMENT];

    return {
      until,
      click: async (css) => call('POST', `${session}/element/${await find(css)}/click`, {}),
      type: async (css, text) => call('POST', `${session}/element/${await find(css)}/value`, { text }),
      text: async (css) => call('GET', `${session}/element/${await find(css)}/text`),
      run: (script, ...args) => call('POST', `${session}/execute/sync`, { script, args }),
      title: () => call('GET', `${session}/title`),
      url: () => call('GET', `${session}/url`),
      handles: () => call('GET', `${session}/window/handles`),
      switchTo: (handle) => call('POST', `${session}/window`, { handle }),
      shot: async (file) => writeFile(file, Buffer.from(await call('GET', `${session}/screenshot`), 'base64')),
      close: async () => {
        await call('DELETE', session).catch(() => {}); // fails if the application has already ended
        // The driver leaves it running now and then; the next start would only bring it to the front.
        await until(() => isGone(application), 2_000).catch(() => kill(application));
        await until(() => isGone(application));
        driver.kill();
      },
    };
  } catch (error) {
    driver.kill();
    throw error;
  }
}

/** The processes that one has started and that still run. */
async function children(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')));
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

/** True once it has ended, also where nobody has asked for its exit code yet. */
async function isGone(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has just ended by itself.
  }
}
