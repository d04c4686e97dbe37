import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { previewDocument } from '../dist/preview.js';

/** Writes the document to dist/openapi.json and lets Spectral and Redocly read it. */
const root = resolve(import.meta.dirname, '..');
const file = 'dist/openapi.json';
/** As in production: linters rightly refuse a server without TLS. */
const environment = { NODE_ENV: 'test', PUBLIC_URL: 'https://gatehouse.test' };

const linters = [
  ['@stoplight/spectral-cli', 'spectral', ['lint', file, '--fail-severity=warn']],
  ['@redocly/cli', 'redocly', ['lint', file, '--format=stylish']],
];

await writeFile(join(root, file), JSON.stringify(await previewDocument(environment), null, 2));
const failed = linters.filter((linter) => !passes(...linter)).map(([name]) => name);
if (failed.length > 0) process.stderr.write(`${failed.join(' and ')} found errors\n`);
process.exit(failed.length > 0 ? 1 : 0);

function passes(packageName, command, args) {
  const { status } = spawnSync(process.execPath, [executable(packageName, command), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  return status === 0;
}

/** File behind a command of a package of the test/openapi workspace. */
function executable(packageName, command) {
  const require = createRequire(join(root, 'test/openapi/package.json'));
  const manifest = require.resolve(`${packageName}/package.json`);
  return join(dirname(manifest), require(manifest).bin[command]);
}
