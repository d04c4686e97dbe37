import { random } from '../../support/random.js';
import type {
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  SchemaObject,
} from '@nestjs/swagger';

import { naughtyStrings, naughtyValues } from './naughty-strings.js';

export interface FuzzRequest {
  method: string;
  url: string;
  type?: string;
  body?: unknown;
  operation: string;
}

interface Target {
  method: string;
  path: string;
  operation: OperationObject;
}

type Schema = SchemaObject & { $ref?: string };

/** They end the session of the caller, or take what no caller has. */
const endsTheCaller =
  /^(POST \/api\/v1\/auth\/(logout|logout-all|step-up|password\/change)|DELETE \/api\/v1\/users\/me)$/;

/**
 * Makes requests out of the OpenAPI document: as it wants them, and then with one or two things
 * wrong. The same seed makes the same requests.
 */
export class Fuzzer {
  private readonly next: () => number;
  private readonly targets: readonly Target[];

  constructor(
    private readonly document: OpenAPIObject,
    seed: number,
    /** Values that exist, for parameters of paths and fields of these names. */
    private readonly known: Readonly<Record<string, string>>,
  ) {
    this.next = random(seed);
    this.targets = Object.entries(document.paths)
      .flatMap(([path, item]) =>
        Object.entries(item as Record<string, OperationObject>).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path,
          operation,
        })),
      )
      .filter(({ method, path }) => !endsTheCaller.test(`${method} ${path}`));
  }

  /** The routes in turn, so that each gets its share. */
  *requests(count: number): Generator<FuzzRequest> {
    for (let n = 0; n < count; n++) yield this.request(this.targets[n % this.targets.length]!);
  }

  private request({ method, path, operation }: Target): FuzzRequest {
    const parameters = (operation.parameters ?? []) as ParameterObject[];
    const filled = path.replace(/{(\w+)}/g, (_whole, name: string) => {
      const parameter = parameters.find((each) => each.name === name);
      return encodeURIComponent(this.pathValue(name, parameter?.schema as Schema | undefined));
    });
    const query = parameters.filter((each) => each.in === 'query').map((each) => this.pair(each));
    const text = query.filter((each) => each !== '').join('&');
    return {
      method,
      url: text ? `${filled}?${text}` : filled,
      operation: operation.operationId ?? path,
      ...this.content(operation),
    };
  }

  private content(operation: OperationObject): Pick<FuzzRequest, 'type' | 'body'> {
    const { content } = (operation.requestBody ?? {}) as { content?: Record<string, unknown> };
    const [type, media] =
      Object.entries(content ?? {}).find(([name]) => name.includes('json')) ?? [];
    if (!type) return {};
    const body = this.value((media as { schema: Schema }).schema, '');
    return { type, body: this.chance(0.75) ? this.broken(body) : body };
  }

  private pathValue(name: string, schema: Schema | undefined): string {
    if (this.chance(0.7)) return this.known[name] ?? String(this.value(schema ?? {}, name));
    const text = this.pick(naughtyStrings);
    // A URL holds neither nothing nor half a character, and `..` is another path.
    return text.isWellFormed() && !/^\.*$/.test(text) ? text : 'x';
  }

  private pair({ name, schema, required }: ParameterObject): string {
    if (!required && this.chance(0.5)) return '';
    const value = this.chance(0.5) ? this.value(schema as Schema, name) : this.pick(naughtyStrings);
    const text = String(value);
    return text.isWellFormed() ? `${name}=${encodeURIComponent(text)}` : '';
  }

  /** A value that the schema allows, as far as examples and bounds say. */
  private value(schema: Schema, name: string, depth = 0): unknown {
    if (schema.$ref) {
      const target = this.document.components?.schemas?.[schema.$ref.split('/').at(-1)!];
      return depth > 5 ? {} : this.value((target ?? {}) as Schema, name, depth + 1);
    }
    const choices = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined;
    if (choices) return this.value(this.pick(choices), name, depth + 1);
    if (schema.enum) return this.pick(schema.enum as unknown[]);
    const { type } = schema as { type?: string | string[] };
    switch ([type].flat()[0] ?? 'string') {
      case 'object':
        return this.object(schema, depth);
      case 'array':
        return Array.from({ length: Math.floor(this.next() * 3) }, () =>
          this.value((schema.items ?? {}) as Schema, name, depth + 1),
        );
      case 'integer':
      case 'number':
        return Math.floor(this.between(schema.minimum ?? 0, schema.maximum ?? 1_000));
      case 'boolean':
        return this.chance(0.5);
      default:
        return this.text(schema, name);
    }
  }

  private object(schema: Schema, depth: number): Record<string, unknown> {
    const required = schema.required ?? [];
    return Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([name]) => required.includes(name) || this.chance(0.6))
        .map(([name, property]) => [name, this.value(property as Schema, name, depth + 1)]),
    );
  }

  private text(schema: Schema, name: string): string {
    if (this.known[name] !== undefined && this.chance(0.5)) return this.known[name];
    if (schema.example !== undefined && this.chance(0.5)) return String(schema.example);
    const letters = Math.floor(this.next() * 36 ** 8).toString(36);
    const long = letters.repeat(Math.ceil(Math.min(schema.minLength ?? 1, 500) / letters.length));
    if (schema.format === 'email') return `${long}@example.com`;
    if (schema.format === 'date-time') return new Date(1.9e12 + this.next() * 1e11).toISOString();
    if (schema.format === 'uuid') return this.known['id'] ?? long;
    return long.slice(0, schema.maxLength ?? long.length);
  }

  /** The same with one or two things wrong with it. */
  private broken(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.chance(0.05)) return this.hostile();
    const copy = structuredClone(value) as Record<string, unknown>;
    for (let times = this.chance(0.3) ? 2 : 1; times > 0; times--) this.breakOne(copy);
    return copy;
  }

  private breakOne(object: Record<string, unknown>): void {
    const name = this.pick(Object.keys(object)) ?? 'other';
    const inner = object[name];
    if (typeof inner === 'object' && inner !== null && this.chance(0.5)) {
      object[name] = this.broken(inner);
    } else if (this.chance(0.15)) delete object[name];
    else if (this.chance(0.15)) object[this.pick(['id', 'isAdmin', 'constructor2', 'ß'])] = 1;
    else object[name] = this.hostile();
  }

  private hostile(): unknown {
    if (this.chance(0.1)) return 'x'.repeat(Math.floor(10 ** (this.next() * 5)));
    if (this.chance(0.15)) return this.pick([-1, 2 ** 31, 2 ** 53, 1e308, -0, 0.5, 1e-7]);
    return this.chance(0.6) ? this.pick(naughtyStrings) : this.pick(naughtyValues);
  }

  private chance(share: number): boolean {
    return this.next() < share;
  }

  private between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }
}
