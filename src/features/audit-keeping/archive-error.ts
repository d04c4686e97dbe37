/** The archive was not made; the message says why and what to do. */
export class ArchiveError extends Error {}
