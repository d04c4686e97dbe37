import { parseVerifierKey, signatureTypes } from '../transparency-log/index.js';
import type { Variable } from './concern.js';

type Declaration = Omit<Variable<unknown>, 'parse' | 'default'>;

/** Days by category, as `access=365,authentication=730`. */
export function daysByCategory(declaration: Declaration): Variable<ReadonlyMap<string, number>> {
  return {
    ...declaration,
    default: new Map<string, number>(),
    parse: (value) => {
      const entries = value.split(',').map((entry) => entry.trim());
      return new Map(
        entries.map((entry) => {
          const match = /^([a-z]+)=(\d{1,5})$/.exec(entry);
          if (!match || Number(match[2]) < 1) {
            throw new Error('must list days by category, as access=365,authentication=730');
          }
          return [match[1]!, Number(match[2])];
        }),
      );
    },
  };
}

export interface WitnessSetting {
  /** Verifier key: `<name>+<key id>+<key>`. */
  key: string;
  /** Submission prefix, without a slash at the end. */
  url: string;
}

/** `<verifier key> <submission prefix>`, comma-separated. */
export function witnessList(declaration: Declaration): Variable<readonly WitnessSetting[]> {
  return {
    ...declaration,
    default: [],
    parse: (value) =>
      value.split(',').map((entry) => {
        const [key = '', url = '', ...rest] = entry.trim().split(/\s+/);
        const isUrl = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
        if (!isUrl || rest.length > 0) {
          throw new Error('must list witnesses, each as <verifier key> <submission prefix>');
        }
        if (parseVerifierKey(key).type !== signatureTypes.cosignature) {
          throw new Error('must list witnesses by their keys for cosignatures');
        }
        return { key, url: url.replace(/\/+$/, '') };
      }),
  };
}
