export {
  HoldsPersonalData,
  type PersonalDataHolder,
  type PersonalDataSection,
} from './holds-personal-data.decorator.js';
