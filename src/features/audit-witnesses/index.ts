export { AuditWitnessesModule } from './audit-witnesses.module.js';
export { CheckpointPublisher } from './checkpoint-publisher.js';
