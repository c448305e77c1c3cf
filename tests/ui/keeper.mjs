// The keeper that a window has started: it outlives the window, so a test has to end it.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The process that owns the data folder, if there is one: a second keeper is told. */
export function keeperProcess() {
  const second = spawnSync(resolve(process.env.EVERGRANT), ['keep', '--headless', '--json', '--wait', '0'],
    { encoding: 'utf8', timeout: 5_000 });
  const found = /\(process (\d+)\)/.exec(second.stdout);
  return found === null ? undefined : Number(found[1]);
}

/** Ends it and waits until it is gone. */
export async function endKeeper() {
  const keeper = keeperProcess();
  if (keeper === undefined) return;
  process.kill(keeper, 'SIGTERM');
  for (const end = Date.now() + 10_000; isAlive(keeper) && Date.now() < end; ) await sleep(50);
}

/** Whether the process still runs. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
