import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('roles')
export class Role {
  @PrimaryColumn('text')
  name: string;

  @Column('text')
  description: string;

  /** Empty for built-in roles: theirs are in the catalogue. */
  @Column('text', { array: true })
  permissions: string[];

  @Column('boolean', { name: 'built_in' })
  builtIn: boolean;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
