import { spanOf } from './usage.policy.js';

const now = Date.parse('2026-06-15T12:34:56.789Z');
const span = (from?: string, to?: string, by: 'policy' | 'caller' = 'policy'): string => {
  const {
    from: begin,
    to: end,
    bucketSeconds,
  } = spanOf({ ...(from && { from }), ...(to && { to }), by }, now);
  return `${begin.toISOString()} ${end.toISOString()} ${bucketSeconds}`;
};

describe('The range of usage', () => {
  it.each([
    [undefined, undefined, '2026-06-14T12:00:00.000Z 2026-06-15T13:00:00.000Z 3600'],
    ['2026-06-15T12:00:30Z', undefined, '2026-06-15T12:00:00.000Z 2026-06-15T12:35:00.000Z 60'],
    [
      '2026-06-15T06:00:00Z',
      '2026-06-15T12:00:00Z',
      '2026-06-15T06:00:00.000Z 2026-06-15T12:00:00.000Z 60',
    ],
    [
      '2026-06-15T05:59:00Z',
      '2026-06-15T12:00:00Z',
      '2026-06-15T05:00:00.000Z 2026-06-15T12:00:00.000Z 3600',
    ],
    [
      '2026-06-10T06:10:00Z',
      '2026-06-10T06:20:00Z',
      '2026-06-10T06:00:00.000Z 2026-06-10T07:00:00.000Z 3600',
    ],
    [
      '2026-06-15T14:00:00+02:00',
      undefined,
      '2026-06-15T12:00:00.000Z 2026-06-15T12:35:00.000Z 60',
    ],
  ])('[PE-02] from %s to %s is %s', (from, to, expected) => {
    expect(span(from, to)).toBe(expected);
  });

  it('[PE-02] of callers is told by the hour', () => {
    expect(span('2026-06-15T12:10:00Z', undefined, 'caller')).toBe(
      '2026-06-15T12:00:00.000Z 2026-06-15T13:00:00.000Z 3600',
    );
  });

  it.each([
    ['2026-06-15T12:00:00Z', '2026-06-15T12:00:00Z'],
    ['2026-06-16T12:00:00Z', undefined],
    ['2026-05-01T12:00:00Z', undefined],
    ['2026-13-01T12:00:00Z', undefined],
  ])('[PE-02] from %s to %s is none', (from, to) => {
    expect(() => span(from, to)).toThrow('validation.failed');
  });
});
