export {
  AccountChangesService,
  type Contact,
  type NewPassword,
} from './account-changes.service.js';
export {
  type AccountRequest,
  AccountsService,
  type Credentials,
  type PreparedAccount,
  userTag,
} from './accounts.service.js';
export { UserView } from './user.view.js';
export { UsersModule } from './users.module.js';
export { OwnerNoticesService } from './owner-notices.service.js';
export { demoUsername, normaliseEmail, signInName } from './user.policy.js';
export { UsersExportService } from './users-export.service.js';
export { type ImportLine, type LineOutcome, UsersImportService } from './users-import.service.js';
export { UsersService } from './users.service.js';
export { AssignableRolesService } from './assignable-roles.service.js';
