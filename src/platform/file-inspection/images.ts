import { imageSize } from 'image-size';

import type { FileContent } from './file-content.js';
import { rejected } from './rejection.js';

/** Sizes are in the first bytes; in a JPEG, colour profiles and previews come before. */
const headerBytes = 1_048_576;

/**
 * Refuses pictures that are small to send and huge to decode. Reads the header only.
 * @throws AppError `files.content_refused`
 */
export async function checkPixels(content: FileContent, maxPixels: number): Promise<void> {
  const header = await content.read(0, headerBytes);
  const { width, height } = sizeOf(header);
  if (!(width > 0 && height > 0)) {
    throw rejected('files.content_refused', 'image', 'has no readable width and height');
  }
  if (width * height > maxPixels) {
    const size = `${width} × ${height}`;
    throw rejected('files.content_refused', 'pixels', `is ${size} pixels, more than ${maxPixels}`);
  }
}

function sizeOf(header: Buffer): { width: number; height: number } {
  try {
    // A copy: the library reads past the end of a view into a larger buffer.
    return imageSize(Uint8Array.from(header));
  } catch {
    return { width: 0, height: 0 };
  }
}
