import { expect, it } from 'vitest';
import { Accounts } from './accounts.svelte';
import { account, HeldBackend, NOW } from './sample';

const PROBLEM = { code: 'store_busy', message: 'Another program holds the data folder.', hints: [] };

it('a late answer never replaces that of a later question', async () => {
  const backend = new HeldBackend();
  const accounts = new Accounts(backend, () => NOW);
  const [first, second] = [accounts.refresh(), accounts.refresh()];
  backend.asked[1]?.answer({ accounts: [account({ name: 'New' })] });
  await second;
  backend.asked[0]?.answer({ accounts: [account({ name: 'Old' })] });
  await first;
  expect(accounts.list?.map((one) => one.name)).toEqual(['New']);
  expect(accounts.asking).toBe(false);
});

it('a late refusal is dropped too', async () => {
  const backend = new HeldBackend();
  const accounts = new Accounts(backend, () => NOW);
  const [first, second] = [accounts.refresh(), accounts.refresh()];
  backend.asked[1]?.answer({ accounts: [] });
  await second;
  backend.asked[0]?.refuse(PROBLEM);
  await first;
  expect(accounts.problem).toBeNull();
});

it('a refused question keeps the list, and the next answer clears the problem', async () => {
  const backend = new HeldBackend();
  const accounts = new Accounts(backend, () => NOW);
  const ask = async (settle: (held: HeldBackend['asked'][number]) => void) => {
    const asking = accounts.refresh();
    settle(backend.asked.at(-1)!);
    await asking;
  };
  await ask((held) => held.answer({ accounts: [account()] }));
  await ask((held) => held.refuse(PROBLEM));
  expect(accounts.list).toHaveLength(1);
  expect(accounts.problem).toEqual(PROBLEM);
  await ask((held) => held.answer({ accounts: [] }));
  expect(accounts.problem).toBeNull();
  expect(accounts.list).toEqual([]);
});

it('relative times are counted from the clock it is given', () => {
  let now = NOW;
  const accounts = new Accounts(new HeldBackend(), () => now);
  now = new Date('2026-11-25T10:05:00Z');
  expect(accounts.now).toEqual(NOW);
  accounts.tick();
  expect(accounts.now).toEqual(now);
});
