import type { Environment } from './load-config.js';

/** The one place that reads the process's environment. */
export function environment(): Environment {
  return process.env;
}

/** Whether this process was started by an npm script. */
export function startedByNpm(): boolean {
  return process.env['npm_lifecycle_event'] !== undefined;
}
