import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('sessions')
export class Session {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  /** Hash of the part of the refresh token that stays the same; finds the session. */
  @Column('bytea', { name: 'family_hash' })
  familyHash: Buffer;

  /** Hash of the part that changes at every refresh. */
  @Column('bytea', { name: 'secret_hash' })
  secretHash: Buffer;

  @Column('bytea', { name: 'previous_hash', nullable: true })
  previousHash: Buffer | null;

  /** The current refresh token, sealed with a key that only the previous one gives. */
  @Column('bytea', { name: 'successor_sealed', nullable: true })
  successorSealed: Buffer | null;

  /** How often the refresh token was rotated. */
  @Column('integer')
  generation: number;

  @Column('timestamptz', { name: 'rotated_at' })
  rotatedAt: Date;

  @Column('inet', { nullable: true })
  address: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'last_used_at' })
  lastUsedAt: Date;

  @Column('timestamptz', { name: 'idle_expires_at' })
  idleExpiresAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}
