import { currentContext } from '../context/request-context.js';
import { AppError } from '../errors/app-error.js';
import { entityTag, names } from './entity-tag.js';

/**
 * Refuses an edit of something that is not any more what its caller has read (RFC 9110, section
 * 13.1.1). To be called while the row is held, else another edit fits in between.
 * @param view what a read would answer now
 * @throws AppError `resource.changed` when `If-Match` names something else
 */
export function demandUnchanged(view: object): void {
  const ifMatch = currentContext()?.ifMatch;
  if (ifMatch === undefined) return;
  if (!names(ifMatch, entityTag(JSON.stringify(view)), 'strong')) {
    throw new AppError('resource.changed');
  }
}
