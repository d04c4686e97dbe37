import { Injectable } from '@nestjs/common';

import { FilesConfig } from '../config/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { scanWithClamd, type Verdict } from './clamd.js';

const timeoutMs = 60_000;

/** Asks the virus scanner of the installation, if it has one. */
@Injectable()
export class VirusScanner {
  constructor(
    private readonly settings: FilesConfig,
    private readonly metrics: Metrics,
  ) {}

  get configured(): boolean {
    return this.settings.scanner !== undefined;
  }

  /** @throws ScannerError when there is no verdict */
  async scan(content: AsyncIterable<Buffer>): Promise<Verdict> {
    let outcome = 'failed';
    try {
      const verdict = await scanWithClamd(this.settings.scanner!, content, timeoutMs);
      outcome = verdict.clean ? 'clean' : 'infected';
      return verdict;
    } finally {
      this.metrics.counter('files_scanned_total').inc({ outcome });
    }
  }
}
