import { Global, Module } from '@nestjs/common';

import { FileInspector } from './file-inspector.js';

@Global()
@Module({ providers: [FileInspector], exports: [FileInspector] })
export class FileInspectionModule {}
