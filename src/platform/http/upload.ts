import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { AppError } from '../errors/app-error.js';
import { Deadline } from './deadline.js';
import { RouteOption } from './route-option.decorator.js';
import { hasArrived, watchPace } from './upload-pace.js';

/** The only part that an upload has (RFC 7578). */
const partName = 'file';
/** Boundaries, headers, and what may be before and behind them. */
export const aroundBytes = 65_536;
export const uploadType = 'multipart/form-data';

export interface UploadLimits {
  /** Longest file. */
  maxBytes: number;
  /** In each such time something must come. Milliseconds. */
  pauseMs: number;
  /** For all of it. Milliseconds. */
  totalMs: number;
}

export interface UploadedFile {
  /** As the client says; perhaps with a path, and with anything in it. */
  name: string;
  /** Fails with an AppError when the upload does. */
  content: Readable;
}

interface UploadConfig {
  upload?: boolean;
}

/** For a handler that reads a file out of a form, as it comes, after its caller is known. */
export function Upload(): MethodDecorator {
  const file = { type: 'string', format: 'binary', maxLength: 1_073_741_824 } as const;
  return applyDecorators(
    RouteOption({ upload: true } satisfies UploadConfig),
    Deadline('upload'),
    ApiConsumes(uploadType),
    ApiBody({
      required: true,
      schema: { type: 'object', required: [partName], properties: { [partName]: file } },
    }),
  );
}

/** The parser of forms with files: reads nothing, and takes them on routes with `@Upload()` only. */
export function parseUpload(
  request: FastifyRequest,
  _payload: IncomingMessage,
  done: (error: Error | null) => void,
): void {
  const { upload } = request.routeOptions.config as UploadConfig;
  done(upload ? null : new AppError('http.unsupported_media_type'));
}

/**
 * Reads a form with one file, which is handed to `save` as it comes. Returns when all of the form
 * has come and `save` is through; when it throws, `save` is over, too.
 * @throws AppError `http.unsupported_media_type`, `files.malformed_upload`, `files.too_large`,
 *   `http.request_timeout`, and what `save` throws
 */
export async function readUpload(
  request: IncomingMessage,
  limits: UploadLimits,
  save: (file: UploadedFile) => Promise<void>,
): Promise<void> {
  const form = formOf(request.headers, limits);
  const content = new PassThrough();
  let saving: Promise<void> | undefined;
  let ended = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      ended = watchPace(request, limits, reject);
      const tooLarge = (): void => reject(new AppError('files.too_large'));
      const malformed = (): void => reject(new AppError('files.malformed_upload'));
      form.on('file', (field, stream, name) => {
        stream.on('error', malformed);
        stream.once('limit', tooLarge);
        if (field !== partName || !name) return malformed();
        saving = save({ name, content: stream.pipe(content) });
        saving.catch(reject);
      });
      for (const tooMuch of ['partsLimit', 'filesLimit', 'fieldsLimit'])
        form.on(tooMuch, malformed);
      form.on('error', malformed);
      form.once('finish', resolve);
      request.once('close', () => !hasArrived(request) && malformed()); // the client is gone
      whenLonger(request, limits.maxBytes + aroundBytes, tooLarge);
      request.pipe(form);
    });
    if (!saving) throw new AppError('files.malformed_upload');
    await saving;
  } catch (error) {
    request.unpipe(form);
    content.on('error', () => undefined).destroy(error as Error);
    await saving?.catch(() => undefined);
    throw error;
  } finally {
    ended();
  }
}

/** A body in chunks announces no length, and the form's limits know only what is in its parts. */
function whenLonger(request: IncomingMessage, bytes: number, tell: () => void): void {
  let left = bytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) tell();
  });
}

function formOf(
  headers: IncomingHttpHeaders,
  { maxBytes: fileSize }: UploadLimits,
): BusboyInstance {
  const { 'content-type': type = '' } = headers;
  if (!/^multipart\/form-data\s*(;|$)/i.test(type))
    throw new AppError('http.unsupported_media_type');
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': type },
      preservePath: true, // names are made harmless elsewhere, all in one way
      limits: { files: 1, fields: 0, parts: 1, fileSize, headerPairs: 20, headerSize: 4_096 },
    });
  } catch {
    throw new AppError('files.malformed_upload'); // no boundary
  }
}
