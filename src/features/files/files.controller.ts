import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { Upload } from '../../platform/http/upload.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Inert } from './file-download.js';
import type { FileDownload } from './file-download.js';
import { FileListView, FileView } from './file.view.js';
import { ListFiles } from './files.dto.js';
import { FilesService } from './files.service.js';
import { UploadsService } from './uploads.service.js';

@Controller('files')
export class FilesController {
  constructor(
    private readonly files: FilesService,
    private readonly uploads: UploadsService,
  ) {}

  /**
   * Upload one file. Its extension must be allowed and its content must be what the extension says;
   * pictures of too many pixels and archives that explode are refused. Where files are scanned for
   * viruses, `status` is `scanning` at first, and the file cannot be downloaded yet.
   * @throws {400} files.malformed_upload, files.content_refused
   * @throws {408} http.request_timeout
   * @throws {413} files.too_large, files.quota_exceeded
   * @throws {415} files.type_not_allowed
   * @throws {503} storage.unavailable
   * @throws {507} storage.full
   */
  @Post()
  @Access.signedIn()
  @Limit('uploads')
  @Upload()
  upload(@Req() request: FastifyRequest): Promise<FileView> {
    return this.uploads.receive(request.raw);
  }

  /** List your files, newest first. */
  @Get()
  @Access.signedIn()
  list(@Query() request: ListFiles): Promise<FileListView> {
    return this.files.listOwn(request);
  }

  /**
   * Download one of your files. It comes as an attachment that no browser shows or runs.
   * @throws {404} files.not_found
   * @throws {409} files.scanning
   * @throws {410} files.infected
   * @throws {503} storage.unavailable
   */
  @Get(':id')
  @Access.signedIn()
  @Inert()
  download(@Param('id', UuidParam) id: string): Promise<FileDownload> {
    return this.files.download(id);
  }

  /**
   * Look at the entry of one of your files, without its content.
   * @throws {404} files.not_found
   */
  @Get(':id/metadata')
  @Access.signedIn()
  describe(@Param('id', UuidParam) id: string): Promise<FileView> {
    return this.files.describe(id);
  }

  /**
   * Delete one of your files.
   * @throws {404} files.not_found
   */
  @Delete(':id')
  @Access.signedIn()
  @HttpCode(204)
  delete(@Param('id', UuidParam) id: string): Promise<void> {
    return this.files.delete(id);
  }
}
