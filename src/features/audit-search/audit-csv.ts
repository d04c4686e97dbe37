import { cell } from '../../platform/http/csv.js';
import type { ReadEvent } from '../audit/index.js';

const columns = [
  'leafIdx',
  'id',
  'time',
  'action',
  'category',
  'outcome',
  'actorKind',
  'actorId',
  'apiKeyId',
  'targetKind',
  'targetId',
  'address',
  'userAgent',
  'requestId',
  'payload',
  'erased',
];

export const csvHeader = `${columns.join(',')}\r\n`;

/** An entry as a line of a table; of one whose time was over only the number is left. */
export function csvLine(leafIdx: number, event: ReadEvent | null): string {
  if (!event) return `${leafIdx}${','.repeat(columns.length - 1)}\r\n`;
  const { actor, target, origin } = event;
  const values = [
    event.id,
    event.time,
    event.action,
    event.category,
    event.outcome,
    actor.kind,
    actor.id,
    actor.apiKeyId,
    target?.kind,
    target?.id,
    origin?.address,
    origin?.userAgent,
    event.requestId,
    JSON.stringify(event.payload),
    String(event.erased === true),
  ];
  return `${[leafIdx, ...values.map((value) => value ?? '')].map(cell).join(',')}\r\n`;
}
