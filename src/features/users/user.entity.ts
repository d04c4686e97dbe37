import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

export type UserStatus = 'active' | 'disabled' | 'deleted';
export const userStatuses: readonly UserStatus[] = ['active', 'disabled', 'deleted'];

@Entity('users')
export class User {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  email: string;

  /** Normalised form, unique; see `user.policy.ts`. */
  @Column('text', { name: 'email_key' })
  emailKey: string;

  @Column('text')
  username: string;

  @Column('text', { name: 'username_key' })
  usernameKey: string;

  @Column('text', { name: 'display_name', nullable: true })
  displayName: string | null;

  /** Read only where it is needed, so that it cannot slip into an answer. */
  @Column('text', { name: 'password_hash', nullable: true, select: false })
  passwordHash: string | null;

  @Column('text')
  status: UserStatus;

  /** When a deleted account is erased. */
  @Column('timestamptz', { name: 'deletion_due_at', nullable: true })
  deletionDueAt: Date | null;

  /** Whether signing in asks for a second factor. */
  @Column('boolean', { name: 'second_factor', default: false, select: false })
  secondFactor: boolean;

  @Column('timestamptz', { name: 'email_verified_at', nullable: true })
  emailVerifiedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;

  @Column('timestamptz', { name: 'last_login_at', nullable: true })
  lastLoginAt: Date | null;

  /** Names; read with the user, kept in a table of their own. */
  roles: string[];
}
