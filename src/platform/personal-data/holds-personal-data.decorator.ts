import { DiscoveryService } from '@nestjs/core';

export interface PersonalDataSection {
  /** Member of the export that holds it. */
  section: string;
  /** Tables that it speaks for; a test finds tables about users that nobody speaks for. */
  tables: readonly string[];
}

/** Hands out what a feature holds on a user, as its owner may see it: no hashes, no secrets. */
export interface PersonalDataHolder {
  /** A value, or what may be long: items, some at a time. */
  personalDataOf(userId: string): Promise<unknown> | AsyncIterable<readonly unknown[]>;
}

/** Marks a provider that is a {@link PersonalDataHolder}: the export of personal data finds it. */
export const HoldsPersonalData = DiscoveryService.createDecorator<PersonalDataSection>();
