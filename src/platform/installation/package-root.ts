import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Path of a file beside package.json, found from here: sources and build lie differently deep. */
export function packageFile(...path: string[]): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, ...path);
}

/** Version of this build, from package.json. */
export function packageVersion(): string {
  const manifest = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
