// A list of tests, run one after another, and the closing line.
const list = [];

/** Adds a test. */
export function test(name, body) {
  list.push({ name, body });
}

/** Runs them all and prints "N passed, N failed". */
export async function runAll() {
  let failed = 0;
  for (const { name, body } of list) {
    try {
      await body();
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
  }
  console.log(`${list.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
