export { demandUnchanged } from './demand-unchanged.js';
export { Editable, editableMetadata, tagAnswer } from './editable.decorator.js';
export { entityTag, names } from './entity-tag.js';
