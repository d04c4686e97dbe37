import type { OpenAPIObject, ReferenceObject, SchemaObject } from '@nestjs/swagger';

type Schema = SchemaObject | ReferenceObject;

/**
 * What the parsers of body, query and path let through in any text: no control characters but
 * tab and line breaks (see `platform/http/strict-json.ts`).
 */
export const textPattern = '^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]*$';
/** Longest path parameter that the router reads; see `platform/http/server-options.ts`. */
const maxParameterLength = 200;

const lengthOfFormat: Record<string, number> = { uuid: 36, 'date-time': 24 };
const exampleOfFormat: Record<string, string> = {
  uuid: '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10',
  'date-time': '2026-01-31T09:30:00.000Z',
};

/** Completes all schemas; those of requests also refuse members that they do not name. */
export function completeSchemas(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, SchemaObject>;
  for (const schema of Object.values(schemas)) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      completeSchema(property, name);
    }
  }
  for (const name of requestSchemas(document)) {
    const schema = schemas[name];
    if (schema?.type === 'object') schema.additionalProperties = false;
  }
}

/** A parameter of path or query: as a property, and never longer than the router allows. */
export function completeParameter(schema: Schema, name: string): void {
  completeSchema(schema, name);
  if (isReference(schema) || !isOfType(schema, 'string') || schema.enum) return;
  schema.maxLength ??= maxParameterLength;
}

function completeSchema(schema: Schema, name: string): void {
  if (isReference(schema)) return;
  if (isOfType(schema, 'array')) completeArray(schema, name);
  if (isOfType(schema, 'integer')) schema.format ??= 'int32';
  if (isOfType(schema, 'string')) completeText(schema, name);
}

/** Rules for each element (`{ each: true }`) arrive as rules of the array. */
function completeArray(schema: SchemaObject, name: string): void {
  const { items } = schema;
  if (!items || isReference(items)) return;
  for (const rule of ['minLength', 'maxLength', 'pattern', 'format'] as const) {
    if (schema[rule] === undefined) continue;
    Object.assign(items, { [rule]: schema[rule] });
    delete schema[rule];
  }
  if (items.enum) schema.maxItems ??= items.enum.length;
  completeSchema(items, name);
}

function completeText(schema: SchemaObject, name: string): void {
  if (schema.enum) return;
  // Ids of others say how long they may be; ours are all alike.
  if (name === 'id' && schema.maxLength === undefined) schema.format ??= 'uuid';
  if (schema.format === undefined) schema.pattern ??= textPattern;
  const format = schema.format ?? '';
  if (format in lengthOfFormat) schema.maxLength ??= lengthOfFormat[format]!;
  if (format in exampleOfFormat) schema.example ??= exampleOfFormat[format];
}

/** Names of the schemas that request bodies are made of. */
function requestSchemas({ paths, components }: OpenAPIObject): Set<string> {
  const bodies = Object.values(paths).flatMap((item) =>
    Object.values(item as Record<string, { requestBody?: unknown }>).map((o) => o.requestBody),
  );
  const names = new Set<string>();
  const open: unknown[] = [...bodies];
  while (open.length > 0) {
    for (const [, name] of JSON.stringify(open.pop() ?? null).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (names.has(name!)) continue;
      names.add(name!);
      open.push(components?.schemas?.[name!]);
    }
  }
  return names;
}

function isReference(schema: Schema): schema is ReferenceObject {
  return '$ref' in schema;
}

/** In OpenAPI 3.1 a type is a name, or a list of names when null is allowed. */
function isOfType({ type }: SchemaObject, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name));
}
