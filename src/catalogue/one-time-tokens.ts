/** What a token that works once may be for. A token of one purpose is worth nothing for another. */
export interface TokenPurposeDefinition {
  description: string;
  lifeSeconds: number;
}

/** Declares one purpose; the type parameter is what is kept with the token. */
function purpose<Data extends object = Record<string, never>>(
  description: string,
  lifeSeconds: number,
) {
  return { description, lifeSeconds } as TokenPurposeDefinition & {
    /** Type only: carries the type of the data. */
    data?: Data;
  };
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const tokenPurposes = {
  restore: purpose('Take back the deletion of an account, which the token ends with', 365 * DAY),
  change_address: purpose<{ email: string }>('Give an account another address', HOUR),
  confirm_address: purpose<{ email: string }>('Confirm the address of an account', DAY),
  invitation: purpose<{ invitationId: string }>('Make an account on invitation', 7 * DAY),
  // No longer than what is sent out of band may live (ASVS V6.5.5).
  reset_password: purpose<{ email: string }>('Set a new password', 10 * MINUTE),
  setup: purpose('Make the first administrator', DAY),
};

export type TokenPurpose = keyof typeof tokenPurposes;

export type TokenData<P extends TokenPurpose> = NonNullable<(typeof tokenPurposes)[P]['data']>;
