export { AccountsService, type Credentials, userTag } from './accounts.service.js';
export { UserView } from './user.view.js';
export { UsersModule } from './users.module.js';
