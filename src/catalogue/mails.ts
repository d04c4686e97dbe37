/**
 * Every mail that is sent. The text is in `templates/mail`: `<name>.txt`, whose first line is the
 * subject, and `<name>.html`. Templates get what is declared here, `service` (the sender's name)
 * and `home` (PUBLIC_URL).
 */
export interface MailDefinition {
  /** When it is sent, and to whom. */
  description: string;
  /** How many an address gets in an hour, where somebody else than its owner can cause them. */
  perHour?: number;
  /** For the reference, and to try templates out at start. */
  example: Record<string, string>;
}

/** Declares one mail; its data are texts, ready to be read. */
function mail<const Field extends string>(description: string, example: Record<Field, string>) {
  return { description, example };
}

/** Declares a mail that whoever likes can have sent to any address. */
function bounded<const Field extends string>(
  description: string,
  perHour: number,
  example: Record<Field, string>,
) {
  return { description, perHour, example };
}

const exampleLink = 'https://gatehouse.example.com/account#verify:token';

export const mails = {
  account_deleted: mail('To the owner who deleted the account', {
    username: 'ada',
    link: 'https://gatehouse.example.com/account#restore:token',
    validity: '14 days',
  }),
  address_changed: mail('To the former address, once another one has taken its place', {
    username: 'ada',
    address: 'new@example.com',
  }),
  address_change_requested: bounded(
    'To the present address, when its owner asks for another one',
    5,
    {
      username: 'ada',
      address: 'new@example.com',
    },
  ),
  address_in_use: bounded('To an address that has an account, when somebody registers with it', 3, {
    reset: 'https://gatehouse.example.com/account#forgot',
  }),
  api_key_changed: mail('To the owner, when an API key was made or got a new secret', {
    username: 'ada',
    change: 'was made',
    rights: 'users.read',
    address: '203.0.113.7',
    when: '21 November 2026 at 10:15 UTC',
  }),
  confirm_address: bounded(
    'To an address that must be confirmed: after registering, or asked for again',
    5,
    {
      username: 'ada',
      link: exampleLink,
      validity: '24 hours',
    },
  ),
  confirm_new_address: bounded('To the new address, when somebody changes theirs', 3, {
    username: 'ada',
    link: exampleLink,
    validity: 'one hour',
  }),
  invitation: mail('To whom an administrator invites', { link: exampleLink, validity: '7 days' }),
  new_device: mail('To the owner, after a sign-in from a device not known before', {
    username: 'ada',
    device: 'Firefox on Linux',
    address: '203.0.113.7',
    when: '21 November 2026 at 10:15 UTC',
  }),
  password_changed: mail('To the owner, when the password was changed or reset', {
    username: 'ada',
    when: '21 November 2026, 10:15 UTC',
  }),
  reset_password: bounded('To the owner of an account, when asked for', 5, {
    username: 'ada',
    link: exampleLink,
    validity: '10 minutes',
  }),
  second_factor_changed: mail('To the owner, when the second factor was put in place or removed', {
    username: 'ada',
    change: 'an authenticator app was added',
    address: '203.0.113.7',
    when: '21 November 2026 at 10:15 UTC',
  }),
  session_limit_reached: mail('To the owner, when a sign-in ended the oldest session', {
    username: 'ada',
    device: 'Firefox on Linux',
    address: '203.0.113.7',
    when: '21 November 2026 at 10:15 UTC',
  }),
  username_in_use: bounded('To whom registers privately, when the name is taken', 3, {
    username: 'ada',
  }),
} satisfies Record<string, MailDefinition>;

export type MailName = keyof typeof mails;

/** Those with a bound. */
export type BoundedMail = {
  [N in MailName]: (typeof mails)[N] extends { perHour: number } ? N : never;
}[MailName];

export type MailData<N extends MailName> = Record<keyof (typeof mails)[N]['example'], string>;
