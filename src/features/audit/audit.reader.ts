import { Injectable } from '@nestjs/common';

import { eventOf, type Leaf, partContext, type ReadEvent } from './audit-leaf.js';
import { SubjectKeys } from './subject-keys.js';

/** Reads what the trail says, as far as the keys of the people in it still exist. */
@Injectable()
export class AuditReader {
  constructor(private readonly keys: SubjectKeys) {}

  async read(leaves: readonly string[]): Promise<ReadEvent[]> {
    const parsed = leaves.map((leaf) => JSON.parse(leaf) as Leaf);
    const open = await this.keys.opener(parsed.flatMap(peopleIn));
    return parsed.map((leaf) =>
      eventOf(leaf, (of, part, sealed) => open(of, sealed, partContext(leaf.id, part))),
    );
  }
}

function peopleIn({ origin, personal }: Leaf): string[] {
  const parts = [origin, personal];
  return parts.flatMap((part) => (part && 'sealed' in part ? (part.of ?? []) : []));
}
