import { type Decision, type Rule, tolerance } from './rule.js';

/** Two fixed windows; `start` is that of the current one, in milliseconds. */
export interface Windows {
  readonly algorithm: 'sliding-window';
  start: number;
  current: number;
  previous: number;
}

/**
 * Sliding-window counter: two fixed windows, the previous one weighted by how much of it the
 * sliding window still covers. O(1) time and three numbers a key, whatever the quota. A refused
 * request is not counted, so waiting always helps.
 */
export const slidingWindow = {
  begin(now: number): Windows {
    return { algorithm: 'sliding-window', start: now, current: 0, previous: 0 };
  },

  hit(windows: Windows, rule: Rule, now: number): Decision {
    const decision = slidingWindow.look(windows, rule, now);
    if (decision.allowed) windows.current++;
    return decision;
  },

  /** What a hit would be told; counts nothing. */
  look(windows: Windows, { quota, windowMs }: Rule, now: number): Decision {
    moveOn(windows, windowMs, now);
    const { current, previous } = windows;
    const age = now - windows.start;
    const used = current + previous * (1 - age / windowMs);
    if (used + 1 > quota + tolerance) {
      const resetMs = waitMs(windows, quota, windowMs, age);
      return { allowed: false, remaining: 0, resetMs };
    }
    const remaining = Math.max(0, Math.floor(quota - used - 1 + tolerance));
    return { allowed: true, remaining, resetMs: windowMs - age };
  },
};

function moveOn(windows: Windows, windowMs: number, now: number): void {
  const passed = Math.floor((now - windows.start) / windowMs);
  if (passed <= 0) return;
  windows.previous = passed === 1 ? windows.current : 0;
  windows.current = 0;
  windows.start += passed * windowMs;
}

/** Time after which a hit is allowed if nobody else hits in between. */
function waitMs({ current, previous }: Windows, quota: number, windowMs: number, age: number) {
  // In this window: previous * (1 - age'/window) must fall to quota - 1 - current.
  if (current <= quota - 1) return windowMs * (1 - (quota - 1 - current) / previous) - age;
  // In the next one: today's current becomes previous.
  return windowMs - age + Math.max(0, windowMs * (1 - (quota - 1) / current));
}
