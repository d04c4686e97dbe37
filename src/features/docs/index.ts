export { serveDocs } from './docs.js';
export { DocsModule } from './docs.module.js';
export { buildOpenApi } from './openapi.js';
export { referenceFiles, undocumentedRoutes } from './reference.js';
