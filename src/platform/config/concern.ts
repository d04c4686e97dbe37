/**
 * Settings are declared, not read: a concern is a class whose fields say which environment
 * variable they come from, what they mean, their default and whether they are secret. One walk
 * over the concerns validates the environment, and another prints `.env.example`.
 */
export interface Surroundings {
  production: boolean;
  /** PORT as given, for defaults that contain it. */
  port: string;
}

export interface Variable<T> {
  /** Environment variable; durations and sizes carry their unit as suffix. */
  name: string;
  description: string;
  secret?: boolean;
  /** Value without the variable; a function when it depends on the kind of installation. */
  default?: T | ((surroundings: Surroundings) => T);
  /** Shown in the reference instead of a default that is computed. */
  defaultText?: string;
  /** Production refuses to start without it. */
  requiredInProduction?: boolean;
  /** Turns the text into the value; throws an Error that says what is expected. */
  parse(text: string): T;
}

export type Variables = Record<string, Variable<unknown>>;
export type ValuesOf<V extends Variables> = {
  readonly [K in keyof V]: V[K] extends { parse(text: string): infer T } ? T : never;
};

export interface ConcernClass<Values extends object = object> {
  readonly title: string;
  readonly variables: Variables;
  new (values: never): Values;
}

/** Makes the base class of one concern: `class HttpConfig extends Concern('HTTP', {…}) {}`. */
export function Concern<V extends Variables>(
  title: string,
  variables: V,
): ConcernClass<ValuesOf<V>> {
  class SettingsOfConcern {
    static readonly title = title;
    static readonly variables = variables;
    constructor(values: ValuesOf<V>) {
      Object.assign(this, values);
    }
  }
  return SettingsOfConcern as unknown as ConcernClass<ValuesOf<V>>;
}

type Declaration<T> = Omit<Variable<T>, 'parse'>;

export function text(
  declaration: Declaration<string> & { matches?: RegExp; expected?: string },
): Variable<string> {
  return {
    ...declaration,
    parse: (value) => {
      if (declaration.matches && !declaration.matches.test(value)) {
        throw new Error(`must be ${declaration.expected ?? String(declaration.matches)}`);
      }
      return value;
    },
  };
}

export function optionalText(
  declaration: Omit<Declaration<string>, 'default'>,
): Variable<string | undefined> {
  return { ...declaration, default: undefined, parse: (value) => value };
}

export function integer(
  declaration: Declaration<number> & { min: number; max: number },
): Variable<number> {
  return {
    ...declaration,
    parse: (value) => {
      const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
      if (!(number >= declaration.min && number <= declaration.max)) {
        throw new Error(`must be a whole number from ${declaration.min} to ${declaration.max}`);
      }
      return number;
    },
  };
}

export function decimal(
  declaration: Declaration<number> & { min: number; max: number },
): Variable<number> {
  return {
    ...declaration,
    parse: (value) => {
      const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
      if (!(number >= declaration.min && number <= declaration.max)) {
        throw new Error(`must be a number from ${declaration.min} to ${declaration.max}`);
      }
      return number;
    },
  };
}

export function oneOf<const T extends string>(
  choices: readonly T[],
  declaration: Declaration<NoInfer<T>>,
): Variable<T> {
  return {
    ...declaration,
    parse: (value) => {
      if (!(choices as readonly string[]).includes(value)) {
        throw new Error(`must be one of ${choices.join(', ')}`);
      }
      return value as T;
    },
  };
}

/** An absolute URL with one of the schemes, kept as text without a trailing slash. */
export function url(
  schemes: readonly string[],
  declaration: Declaration<string>,
): Variable<string> {
  return { ...declaration, parse: (value) => parseUrl(schemes, value) };
}

export function optionalUrl(
  schemes: readonly string[],
  declaration: Omit<Declaration<string>, 'default'>,
): Variable<string | undefined> {
  return { ...declaration, default: undefined, parse: (value) => parseUrl(schemes, value) };
}

function parseUrl(schemes: readonly string[], value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1))) {
    const starts = schemes.map((scheme) => `${scheme}://`).join(' or ');
    throw new Error(`must be a URL that starts with ${starts}`);
  }
  return value.replace(/\/+$/, '');
}

/** A comma-separated list; each entry is checked by `check`, which throws what is expected. */
export function list(
  declaration: Declaration<readonly string[]> & { check(entry: string): void },
): Variable<readonly string[]> {
  return {
    ...declaration,
    parse: (value) => {
      const entries = value
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '');
      entries.forEach((entry) => declaration.check(entry));
      return entries;
    },
  };
}
