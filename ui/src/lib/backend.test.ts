import { afterEach, describe, expect, it, vi } from 'vitest';
import { asProblem, desktop } from './backend';

afterEach(() => vi.unstubAllGlobals());

describe('a refusal', () => {
  it('of the engine is passed on as it is', () => {
    const problem = { code: 'engine_missing', message: 'No engine.', hints: ['Build it.'] };
    expect(asProblem(problem)).toEqual(problem);
  });

  it('without hints is one with none', () => {
    expect(asProblem({ code: 'busy', message: 'Busy.' })).toEqual({ code: 'busy', message: 'Busy.', hints: [] });
  });

  it('of the desktop API becomes a problem with a code and a next step', () => {
    const problem = asProblem('Command accounts not allowed by ACL');
    expect(problem.code).toBe('window_error');
    expect(problem.message).toContain('not allowed by ACL');
    expect(problem.hints).not.toEqual([]);
  });
});

describe('the desktop', () => {
  it('is not there in an ordinary browser, and says so', async () => {
    await expect(desktop.accounts()).rejects.toMatchObject({ code: 'not_in_the_window' });
  });

  it('asks the program by the name of the command', async () => {
    const invoke = vi.fn().mockResolvedValue({ accounts: [] });
    vi.stubGlobal('isTauri', true);
    vi.stubGlobal('__TAURI_INTERNALS__', { invoke });
    await expect(desktop.accounts()).resolves.toEqual({ accounts: [] });
    expect(invoke.mock.calls[0]?.[0]).toBe('accounts');
  });
});
