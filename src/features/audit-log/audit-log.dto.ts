import { QueryInteger } from '../../platform/http/params.js';

/** Sizes of two checkpoints. */
export class CompareSizes {
  /** Size of the earlier one, which you have kept. */
  @QueryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER })
  from?: number;

  /** Size of the later one; that of the newest when not given. */
  @QueryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER })
  to?: number;
}
