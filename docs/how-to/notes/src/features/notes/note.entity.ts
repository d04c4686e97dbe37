import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('notes')
export class Note {
  /** UUIDv7: its order is the order of creation, which the list pages by. */
  @PrimaryColumn('uuid')
  id: string;

  /** A user, by id: entities do not leave their feature. */
  @Column('uuid', { name: 'owner_id' })
  ownerId: string;

  @Column('text')
  text: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
