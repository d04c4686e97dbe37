import { Module } from '@nestjs/common';

import { FileCleanup } from './file-cleanup.js';
import { FilePersonalData } from './file.personal-data.js';
import { FileRemovals } from './file-removals.js';
import { FileScans } from './file-scans.js';
import { FilesController } from './files.controller.js';
import { FilesRepository } from './files.repository.js';
import { FilesService } from './files.service.js';
import { UploadReception } from './upload-reception.js';
import { UploadsService } from './uploads.service.js';

@Module({
  controllers: [FilesController],
  providers: [
    FilesService,
    UploadsService,
    UploadReception,
    FilesRepository,
    FileScans,
    FileRemovals,
    FileCleanup,
    FilePersonalData,
  ],
})
export class FilesModule {}
