export { AccountsService, type Credentials, userTag } from './accounts.service.js';
export { UserView } from './user.view.js';
export { UsersModule } from './users.module.js';
export { signInName } from './user.policy.js';
