import { auditEvents } from '../../catalogue/audit-events.js';

const mostBytes = 8 * 1024;
const mostLevels = 8;

const ownNames = new Set(Object.keys(auditEvents).map((action) => action.split('.', 1)[0]!));

/** Nobody else writes events that read like ours. */
export function isOwnName(source: string): boolean {
  return ownNames.has(source);
}

export function sourceOf(action: string): string {
  return action.split('.', 1)[0]!;
}

/**
 * What is wrong with a payload, if anything. Integers beyond 2^53 are refused: every reader of JSON
 * may make another number of them, and the hash of an event must mean one thing (RFC 8785, appendix D).
 */
export function problemOfPayload(payload: object): string | null {
  if (Buffer.byteLength(JSON.stringify(payload)) > mostBytes) {
    return `must be at most ${mostBytes} bytes of JSON`;
  }
  const open = [{ value: payload as unknown, level: 1 }];
  for (const { value, level } of open) {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return 'must hold no integers beyond 2^53: send them as text';
    }
    if (typeof value !== 'object' || value === null) continue;
    if (level > mostLevels) return `must be at most ${mostLevels} levels deep`;
    open.push(
      ...Object.values(value as object).map((member: unknown) => ({
        value: member,
        level: level + 1,
      })),
    );
  }
  return null;
}
