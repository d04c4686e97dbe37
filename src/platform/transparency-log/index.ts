export { type Checkpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
export {
  emptyRoot,
  hashBytes,
  isConsistent,
  leafHash,
  rootFromInclusion,
  type TreeHead,
} from './merkle.js';
export {
  isBy,
  NoteError,
  type NoteSignature,
  type NoteSigner,
  noteSigner,
  type NoteVerifier,
  parseNote,
  parseSignature,
  parseVerifierKey,
  signatureTypes,
  verifierKeyOf,
  verifierOf,
} from './signed-note.js';
export {
  consistencyProof,
  inclusionProof,
  lastTiles,
  MissingTileError,
  rootAt,
  type Tile,
  type TileId,
  type TileReader,
  tileWidth,
} from './tiles.js';
export { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';
export { TreeBuilder } from './tree-builder.js';
