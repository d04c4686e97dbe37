import { invalid } from '../../platform/errors/app-error.js';
import type { UsageBy } from './limit-usage.repository.js';

/** Usage is kept so long; minutes for the first days, then hours. */
export const keptDays = 30;
export const minutesKeptDays = 2;

const hourMs = 3_600_000;
/** Longer ranges are told by the hour. */
const longestByMinuteMs = 6 * hourMs;
const longestMs = 31 * 24 * hourMs;
const usualMs = 24 * hourMs;

export interface UsageSpan {
  from: Date;
  to: Date;
  bucketSeconds: 60 | 3_600;
}

/**
 * What a request for usage covers: the last day when it says nothing, whole buckets in any case.
 * @throws AppError `validation.failed` when it ends before it begins, or is longer than a month
 */
export function spanOf(
  { from, to, by }: { from?: string; to?: string; by: UsageBy },
  now = Date.now(),
): UsageSpan {
  const end = timeOf(to, 'to') ?? now;
  const begin = timeOf(from, 'from') ?? end - usualMs;
  if (begin >= end) throw invalid('/query/from', 'range', 'from must be before to');
  if (end - begin > longestMs) {
    throw invalid('/query/from', 'range', 'from must be within 31 days before to');
  }
  const recent = begin >= now - minutesKeptDays * 24 * hourMs;
  const byMinute = by !== 'caller' && recent && end - begin <= longestByMinuteMs;
  const bucketSeconds = byMinute ? 60 : 3_600;
  const bucketMs = bucketSeconds * 1000;
  return {
    from: new Date(Math.floor(begin / bucketMs) * bucketMs),
    to: new Date(Math.ceil(end / bucketMs) * bucketMs),
    bucketSeconds,
  };
}

function timeOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalid(`/query/${name}`, 'isDate', `${name} must be a time`);
  return time;
}
