export { AddressesModule } from './addresses.module.js';
export { ConfirmationLinksService } from './confirmation-links.service.js';
