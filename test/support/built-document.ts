// Loaded before the build, which is ESM: requiring CommonJS packages that need them would
// otherwise come while they are still loading.
import '@nestjs/common';
import '@nestjs/core';

import type { OpenAPIObject } from '@nestjs/swagger';

/** The OpenAPI document of the build; sources have none, since the Swagger plugin reads types. */
export async function builtDocument(environment: Record<string, string>): Promise<OpenAPIObject> {
  const build: string = '../../dist/preview.js';
  const { previewDocument } = (await import(build)) as typeof import('../../src/preview.js');
  return previewDocument(environment);
}
