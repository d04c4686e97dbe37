import { existsSync } from 'node:fs';

import { type Browser, launch } from 'puppeteer-core';

const executablePath = '/usr/bin/chromium';
const installed = existsSync(executablePath);
if (!installed && process.env['REQUIRE_CHROMIUM'] === '1') {
  throw new Error(`${executablePath} is not installed`);
}

/** `describe` that is skipped without Chromium, unless REQUIRE_CHROMIUM=1 makes that an error. */
export const describeWithChromium = installed ? describe : describe.skip;

export function startChromium(): Promise<Browser> {
  // Its sandbox does not run as root; the pages are ours.
  return launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
