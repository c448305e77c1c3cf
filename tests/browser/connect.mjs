// Stands in for the system's browser: opens the address it is given in headless Chromium and does there what a
// person does. CHOICE says what: `continue`, `cancel`, or `without NAME` for a permission that is unticked.
// What the last page says goes to the file PAGE_FILE.
import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { CHOICE: choice = 'continue', CHROMIUM: executablePath = '/usr/bin/chromium', PAGE_FILE: file } = process.env;
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const browser = await chromium.launch({ executablePath, headless: true, args: flags });
try {
  const page = await browser.newPage();
  await page.goto(process.argv[2]);
  if (choice === 'cancel') {
    await page.getByRole('button', { name: 'Cancel' }).click();
  } else {
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password').fill('practice');
    await page.getByRole('button', { name: 'Sign in' }).click();
    if (choice.startsWith('without ')) {
      await page.locator(`input[name=scope][value="${choice.slice('without '.length)}"]`).uncheck();
    }
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  await page.waitForURL('**/callback/**');
  const { origin, pathname } = new URL(page.url());
  writeFileSync(file, `${origin}${pathname}\n${await page.locator('body').innerText()}\n`);
} catch (error) {
  writeFileSync(file, `failed: ${error}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
