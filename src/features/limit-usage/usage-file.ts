import { StreamableFile } from '@nestjs/common';

import { cell } from '../../platform/http/csv.js';
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
