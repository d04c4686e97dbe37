/** Knows hashes of one kind: text in PHC or modular crypt format. */
export interface PasswordVerifier {
  readonly name: string;
  /** Whether a hash is of its kind, well-formed and of bounded cost. */
  recognises(hash: string): boolean;
  verify(hash: string, password: string): Promise<boolean>;
}

/** One way of hashing new passwords. */
export interface PasswordAlgorithm extends PasswordVerifier {
  readonly name: 'argon2id' | 'bcrypt';
  hash(password: string): Promise<string>;
  /** Whether a hash of its own is as strong as new ones would be. */
  isCurrent(hash: string): boolean;
}
