import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import App from './App.svelte';
import { account, HeldBackend, listing, NOW, refusing } from './lib/sample';
import type { Backend } from './lib/backend';

const show = (backend: Backend) => render(App, { backend, clock: () => NOW });

const PROBLEM = {
  code: 'store_busy',
  message: 'Another program holds the data folder.',
  hints: ['Close the other program, then refresh.'],
};

describe('the window', () => {
  it('names each account, its place, its state, its end and its last check', async () => {
    show(listing(account()));
    const row = await screen.findByRole('row', { name: /Ada Practice/ });
    for (const words of ['10001', 'Facebook', 'Connected', '23 Jan 2027', 'in 59 days', 'Good', '3 minutes ago']) {
      expect(within(row).getByText(words)).toBeTruthy();
    }
  });

  it('gives every state a shape beside its words', async () => {
    const { container } = show(
      listing(account({ id: 'a', state: 'needs_login' }), account({ id: 'b', state: 'signed_out' })),
    );
    await screen.findByText('Sign in again');
    const shapes = [...container.querySelectorAll('svg')].map((svg) => svg.dataset['shape']);
    expect(shapes).toEqual(['triangle', 'door']);
  });

  it('tells why an account needs its person, and the next step', async () => {
    const reason = {
      code: 'password_changed',
      sentence: 'The password was changed on 24 Nov.',
      next_step: 'Run: evergrant sign-in facebook-10001',
    };
    show(listing(account({ state: 'needs_login', reason })));
    expect(await screen.findByText(/The password was changed on 24 Nov\./)).toBeTruthy();
    expect(screen.getByText('Run: evergrant sign-in facebook-10001')).toBeTruthy();
    expect(screen.getByText('Not usable')).toBeTruthy();
  });

  it('shows a name as text, whatever is in it', async () => {
    const { container } = show(listing(account({ name: '<img src=x onerror=alert(1)>' })));
    expect(await screen.findByText('<img src=x onerror=alert(1)>')).toBeTruthy();
    expect(container.querySelector('img')).toBeNull();
  });

  it('says how to connect the first account', async () => {
    show(listing());
    expect(await screen.findByText('No account is connected yet')).toBeTruthy();
    expect(screen.getByText('evergrant connect practice')).toBeTruthy();
    expect(screen.queryByRole('table')).toBeNull();
  });

  it('shows a problem with its code, its sentence and the next step', async () => {
    show(refusing(PROBLEM));
    const alert = await screen.findByRole('alert');
    expect(within(alert).getByText('store_busy')).toBeTruthy();
    expect(within(alert).getByText(PROBLEM.message)).toBeTruthy();
    expect(within(alert).getByText('Close the other program, then refresh.')).toBeTruthy();
    expect(screen.queryByText('No account is connected yet')).toBeNull();
  });

  it('holds the place of the list until it arrives', async () => {
    const backend = new HeldBackend();
    const { container } = show(backend);
    expect(screen.getByRole('status').textContent).toBe('Loading the accounts');
    expect(screen.getByRole('table').getAttribute('aria-busy')).toBe('true');
    expect(container.querySelectorAll('tr.placeholder')).toHaveLength(3);
    backend.asked[0]?.answer({ accounts: [account()] });
    await screen.findByText('Ada Practice');
    expect(container.querySelectorAll('tr.placeholder')).toHaveLength(0);
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('keeps the rows while it asks again and when it is refused', async () => {
    const backend = new HeldBackend();
    show(backend);
    backend.asked[0]?.answer({ accounts: [account()] });
    await screen.findByText('Ada Practice');
    await userEvent.click(screen.getByRole('button', { name: 'Refresh' }));
    expect(backend.asked).toHaveLength(2);
    expect(screen.getByText('Ada Practice')).toBeTruthy();
    backend.asked[1]?.refuse(PROBLEM);
    expect(await screen.findByText('The list below may be out of date')).toBeTruthy();
    expect(screen.getByText('Ada Practice')).toBeTruthy();
  });

  it('asks again when the person comes back to it', async () => {
    const backend = new HeldBackend();
    show(backend);
    window.dispatchEvent(new Event('focus'));
    await tick();
    expect(backend.asked).toHaveLength(2);
  });
});
