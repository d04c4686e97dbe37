import { StreamableFile } from '@nestjs/common';

import type { UsageView } from './limit-usage.view.js';

/** Usage as a spreadsheet reads it: a line for each step of each item. */
export class UsageFile extends StreamableFile {
  static of({ by, items }: UsageView): UsageFile {
    const lines = items.flatMap(({ name, series }) =>
      series.map(({ at, allowed, refused }) => [at.toISOString(), name, allowed, refused]),
    );
    const text = [['at', by, 'allowed', 'refused'], ...lines]
      .map((line) => `${line.map(cell).join(',')}\r\n`)
      .join('');
    return new UsageFile(Buffer.from(text), {
      type: 'text/csv; charset=utf-8',
      disposition: 'attachment; filename="usage.csv"',
    });
  }
}

/**
 * RFC 4180. Texts that a spreadsheet would take for a formula begin with an apostrophe (OWASP, CSV
 * injection), wherever they come from.
 */
export function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[\s]*[=+\-@\t\r\n|%]/.test(value) ? `'${value}` : value;
  return /[",\r\n;']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
