import { Injectable } from '@nestjs/common';

import { eventOf, type Leaf, partContext, type ReadEvent, type SealedPart } from './audit-leaf.js';
import { SubjectKeys } from './subject-keys.js';

/** Reads what the trail says, as far as the keys of the people in it still exist. */
@Injectable()
export class AuditReader {
  constructor(private readonly keys: SubjectKeys) {}

  async read(leaves: readonly string[]): Promise<ReadEvent[]> {
    const open = await this.keys.opener(leaves.flatMap(peopleIn));
    return leaves.map((leaf) => {
      const { id } = JSON.parse(leaf) as Leaf;
      return eventOf(leaf, (of, part, sealed) => open(of, sealed, partContext(id, part)));
    });
  }
}

function peopleIn(leaf: string): string[] {
  const { origin, personal } = JSON.parse(leaf) as Leaf;
  return [origin, personal].flatMap((part) => (part as SealedPart | undefined)?.of ?? []);
}
