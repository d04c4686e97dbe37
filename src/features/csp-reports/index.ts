export { CspReportsModule } from './csp-reports.module.js';
