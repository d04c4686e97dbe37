import { AppError } from '../errors/app-error.js';
import type { Principal } from './principal.js';

/**
 * What `@StepUp` demands, for use cases where it depends on the request.
 * @throws AppError `auth.session_required` for an API key, `auth.step_up_required`
 */
export function demandRecentSignIn(
  { sessionId, authenticatedAt }: Principal,
  stepUpSeconds: number,
): void {
  if (sessionId === null) throw new AppError('auth.session_required');
  const ageSeconds = (Date.now() - authenticatedAt) / 1000;
  if (ageSeconds > stepUpSeconds) throw new AppError('auth.step_up_required');
}
