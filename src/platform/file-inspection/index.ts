export type { FileContent } from './file-content.js';
export { FileInspectionModule } from './file-inspection.module.js';
export { FileInspector } from './file-inspector.js';
export { cleanFileName } from './file-name.js';
