import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Path of a file beside package.json, found from here: sources and build lie differently deep. */
export function packageFile(...path: string[]): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, ...path);
}
