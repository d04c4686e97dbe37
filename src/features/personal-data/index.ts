export { PersonalDataModule } from './personal-data.module.js';
export { PersonalDataService } from './personal-data.service.js';
