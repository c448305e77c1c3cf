import { describe, expect, it } from 'vitest';
import { distance, isPast, moment } from './time';

const NOW = new Date('2026-11-25T10:00:00Z');

describe('distance', () => {
  it.each([
    ['2026-11-25T10:00:59Z', 'now'],
    ['2026-11-25T10:01:00Z', 'in 1 minute'],
    ['2026-11-25T09:00:01Z', '59 minutes ago'],
    ['2026-11-25T12:59:00Z', 'in 2 hours'],
    ['2026-11-27T09:59:00Z', 'in 47 hours'],
    ['2026-11-27T10:00:00Z', 'in 2 days'],
    ['2027-01-24T09:59:59Z', 'in 59 days'],
  ])('%s is %s', (at, words) => expect(distance(at, NOW)).toBe(words));

  it('never rounds a right up to a day it does not have', () => {
    expect(distance('2026-11-28T09:59:59Z', NOW)).toBe('in 2 days');
  });
});

it('an instant is shown on this computer’s clock', () => {
  expect(moment('2026-11-25T10:00:00Z')).toBe('25 Nov 2026, 11:00'); // the tests run in Berlin
});

it('the very instant counts as past', () => {
  expect(isPast('2026-11-25T10:00:00Z', NOW)).toBe(true);
  expect(isPast('2026-11-25T10:00:01Z', NOW)).toBe(false);
});
