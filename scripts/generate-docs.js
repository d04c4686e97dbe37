import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { referenceFiles } from '../dist/features/docs/index.js';
import { previewDocument } from '../dist/preview.js';

/** Writes .env.example and docs/reference; with --check only tells which lines would change. */
const root = resolve(import.meta.dirname, '..');
const check = process.argv.includes('--check');

const files = Object.entries(referenceFiles(await previewDocument({ NODE_ENV: 'test' })));
let outdated = 0;
for (const [name, text] of files) {
  const path = join(root, name);
  const present = await readFile(path, 'utf8').catch(() => '');
  if (present === text) continue;
  outdated++;
  if (check) {
    process.stdout.write(`${name}\n${differences(present, text)}\n`);
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    process.stdout.write(`${name} written\n`);
  }
}
if (check && outdated > 0) {
  process.stdout.write(`${outdated} files are out of date: run npm run docs:generate\n`);
  process.exit(1);
}
process.exit(0);

/** Lines that only one of the texts has. */
function differences(present, wanted) {
  const [had, wants] = [present, wanted].map((text) => text.split('\n'));
  return [
    ...had.filter((line) => !wants.includes(line)).map((line) => `- ${line}`),
    ...wants.filter((line) => !had.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
