import { isUtf8 } from 'node:buffer';

import { applyDecorators } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { AppError, invalid } from '../errors/app-error.js';
import { RouteOption } from './route-option.decorator.js';
import { hasForbiddenCharacters } from './strict-json.js';

interface FormConfig {
  acceptsForm?: boolean;
}

export const formType = 'application/x-www-form-urlencoded';

/** Most parameters of a form; those of OAuth have five. */
const maxParameters = 20;
/** Bytes as the URL standard writes them; a lone `%` would be read as itself. */
const encoded = /^(?:[^%]|%[0-9A-Fa-f]{2})*$/;

/**
 * Lets a route take a form beside JSON, where a standard wants it. No other route does: a page of
 * somebody else may send a form without asking first (ASVS V3.5.2).
 */
export function AcceptsForm(): MethodDecorator {
  return applyDecorators(
    RouteOption({ acceptsForm: true } satisfies FormConfig),
    ApiConsumes('application/json', formType),
  );
}

/**
 * Refuses a form where none is taken, before it is read.
 * @throws AppError `http.unsupported_media_type`
 */
export function checkForm({ headers, routeOptions }: FastifyRequest): void {
  const [type = ''] = headers['content-type']?.split(';', 1) ?? [];
  const { acceptsForm } = (routeOptions.config ?? {}) as FormConfig;
  if (type.trim().toLowerCase() !== formType || acceptsForm) return;
  throw new AppError('http.unsupported_media_type');
}

/**
 * The parameters of a form, each once (RFC 6749, section 3.2), in valid UTF-8 and without what no
 * text of ours may hold.
 * @throws AppError `validation.failed`
 */
export function parseForm(body: Buffer): Record<string, string> {
  const text = body.toString('latin1');
  if (!isUtf8(body) || !encoded.test(text)) throw invalid('', 'form', 'must be a valid form');
  const parameters = [...new URLSearchParams(body.toString('utf8'))];
  if (parameters.length > maxParameters) {
    throw invalid('', 'maxParameters', `Send at most ${maxParameters} parameters`);
  }
  const form = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (!/^[a-z][a-z_]{0,39}$/.test(name))
      throw invalid('', 'name', 'has a parameter that is unknown');
    if (form.has(name)) throw invalid(`/${name}`, 'duplicate', 'must be sent once');
    if (hasForbiddenCharacters(value) || value.includes('\ufffd')) {
      throw invalid(`/${name}`, 'characters', 'must be text without control characters');
    }
    form.set(name, value);
  }
  return Object.fromEntries(form);
}
