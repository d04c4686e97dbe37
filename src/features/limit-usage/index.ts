export { LimitUsageModule } from './limit-usage.module.js';
