export { RolesModule } from './roles.module.js';
export { RolesService, rolesTag } from './roles.service.js';
