/**
 * Files that can be uploaded, by extension. What is not here is refused: pages, SVG, scripts and
 * programs on purpose, because browsers and people run them.
 */
export interface FileType {
  /** Media type it is served as; never the one that the client named. */
  mediaType: string;
  /** How its content is looked at: beyond its first bytes, each kind has dangers of its own. */
  kind: 'image' | 'archive' | 'document' | 'text';
  /** Entry that makes an archive a document of this type. */
  mark?: string;
}

export const fileTypes = {
  jpg: { mediaType: 'image/jpeg', kind: 'image' },
  jpeg: { mediaType: 'image/jpeg', kind: 'image' },
  png: { mediaType: 'image/png', kind: 'image' },
  gif: { mediaType: 'image/gif', kind: 'image' },
  webp: { mediaType: 'image/webp', kind: 'image' },
  pdf: { mediaType: 'application/pdf', kind: 'document' },
  txt: { mediaType: 'text/plain', kind: 'text' },
  csv: { mediaType: 'text/csv', kind: 'text' },
  zip: { mediaType: 'application/zip', kind: 'archive' },
  docx: {
    mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    kind: 'archive',
    mark: 'word/document.xml',
  },
  xlsx: {
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    kind: 'archive',
    mark: 'xl/workbook.xml',
  },
  pptx: {
    mediaType: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
    kind: 'archive',
    mark: 'ppt/presentation.xml',
  },
} as const satisfies Record<string, FileType>;

export type FileTypeName = keyof typeof fileTypes;
