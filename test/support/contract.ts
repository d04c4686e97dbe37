import type { OpenAPIObject, OperationObject, ResponseObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';

import type { Answer } from './test-app.js';

type Content = Record<string, { schema: object; examples?: object }>;
type Operation = OperationObject & { 'x-rate-limit': string };

/** Headers that not every answer has; CORS is off in tests. */
const occasional = new Set(['Access-Control-Allow-Origin', 'Idempotency-Replayed']);

/** Holds answers against the OpenAPI document, and remembers which operations were called. */
export class Contract {
  /** Statuses seen, by operation id. */
  readonly seen = new Map<string, Set<number>>();
  /** Request ids of what was done, by operation id. */
  readonly done = new Map<string, string[]>();
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, formats: fullFormats });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly document: OpenAPIObject;

  constructor(document: OpenAPIObject) {
    this.document = structuredClone(document);
    // Clients must bear members that are new to them; an answer of ours must not have any.
    for (const schema of Object.values(this.document.components?.schemas ?? {})) {
      Object.assign(schema, { additionalProperties: false });
    }
    this.ajv.addSchema(this.document, 'document');
  }

  get operations(): { id: string; method: string; path: string }[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, { operationId }]) => ({
        id: operationId!,
        method: method.toUpperCase(),
        path,
      })),
    );
  }

  /**
   * Checks one exchange; an address outside of the document is none of its business.
   * @throws Error that says how request or answer differ from the document
   */
  check(method: string, url: string, body: unknown, answer: Answer): void {
    const operation = this.find(method, url.split('?', 1)[0]!);
    if (!operation) return;
    const name = `${operation.operationId} ${answer.status}`;
    const response = operation.responses[answer.status] as ResponseObject | undefined;
    if (!response) throw new Error(`${name} is not documented: ${JSON.stringify(answer.body)}`);
    if (answer.status < 300) this.checkRequest(name, operation, body);
    this.checkBody(name, response, answer);
    this.checkHeaders(name, response, answer);
    const statuses = this.seen.get(operation.operationId!) ?? new Set();
    this.seen.set(operation.operationId!, statuses.add(answer.status));
    if (answer.status >= 300) return;
    const done = this.done.get(operation.operationId!) ?? [];
    this.done.set(operation.operationId!, [...done, answer.headers['x-request-id']!]);
  }

  /** The operation of an address; `/users/me` before `/users/{id}`. */
  private find(method: string, path: string): Operation | undefined {
    const [found] = Object.entries(this.document.paths)
      .filter(([template]) => new RegExp(`^${template.replace(/{\w+}/g, '[^/]+')}$`).test(path))
      .sort(([one], [other]) => Number(one.includes('{')) - Number(other.includes('{')));
    return (found?.[1] as Record<string, Operation> | undefined)?.[method.toLowerCase()];
  }

  private checkRequest(name: string, { requestBody }: Operation, body: unknown): void {
    const content = (requestBody as { content: Content } | undefined)?.content;
    const media = content?.['application/json'];
    if (media) this.validate(`the request of ${name}`, media.schema, body);
  }

  private checkBody(name: string, response: ResponseObject, { headers, body }: Answer): void {
    const content = (response.content ?? {}) as Content;
    if (Object.keys(content).length === 0) {
      if (body !== '') throw new Error(`${name} has a body`);
      return;
    }
    const type = headers['content-type']?.split(';', 1)[0] ?? 'nothing';
    const media = content[type];
    if (!media) throw new Error(`${name} is ${type}, not ${Object.keys(content).join()}`);
    this.validate(name, media.schema, body);
    const { code } = body as { code?: string };
    if (media.examples && !Object.hasOwn(media.examples, code!)) {
      throw new Error(`${name} does not document ${code}`);
    }
  }

  /** Every documented header comes and fits. */
  private checkHeaders(name: string, response: ResponseObject, { headers }: Answer): void {
    for (const header of Object.keys(response.headers ?? {})) {
      const value = headers[header.toLowerCase()];
      if (value === undefined && occasional.has(header)) continue;
      if (value === undefined) throw new Error(`${name} lacks ${header}`);
      const typed = header === 'Retry-After' ? Number(value) : value;
      const $ref = `#/components/headers/${header}/schema`;
      this.validate(`${header} of ${name}`, { $ref }, typed);
    }
  }

  private validate(name: string, schema: object, value: unknown): void {
    const key = JSON.stringify(schema).replaceAll('"$ref":"#', '"$ref":"document#');
    const validate = this.validators.get(key) ?? this.ajv.compile(JSON.parse(key) as object);
    this.validators.set(key, validate);
    if (validate(value)) return;
    const problems = this.ajv.errorsText(validate.errors, { dataVar: '' });
    throw new Error(`${name} breaks the document: ${problems} in ${JSON.stringify(value)}`);
  }
}
