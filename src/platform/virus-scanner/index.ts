export { ScannerError, type Verdict } from './clamd.js';
export { VirusScanner } from './virus-scanner.js';
export { VirusScannerModule } from './virus-scanner.module.js';
