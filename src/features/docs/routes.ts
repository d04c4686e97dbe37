import type { INestApplication } from '@nestjs/common';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import type { RouteClassName } from '../../catalogue/timeouts.js';
import {
  accessMetadata,
  type AccessRule,
  stepUpMetadata,
} from '../../platform/access/access.decorator.js';
import { idempotencyMetadata, type IdempotencyRule } from '../../platform/idempotency/index.js';
import { routeClassMetadata } from '../../platform/http/deadline.js';
import { editableMetadata } from '../../platform/preconditions/index.js';
import { type CookieUse, cookieUseMetadata } from '../browser/index.js';
import { limitMetadata, type unlimited } from '../../platform/throttling/limit.decorator.js';

/** What the guards read of a handler; the document says the same because it reads the same. */
export interface RouteRules {
  /** Undefined means refused to everybody. */
  access: AccessRule | undefined;
  limit: LimitPolicyName | typeof unlimited | undefined;
  stepUp: boolean;
  cookies: CookieUse | undefined;
  /** What is kept of its first answer under an Idempotency-Key. */
  repeatable: IdempotencyRule | undefined;
  /** Has an ETag, and may be edited on condition of it. */
  editable: boolean;
  routeClass: RouteClassName | undefined;
}

/** `UsersController` and `list` make `Users.list`. */
export function operationId(controller: string, method: string): string {
  return `${controller.replace('Controller', '')}.${method}`;
}

/** The rules of every handler by operation id. Reads classes only: nothing needs to run. */
export function routeRules(app: INestApplication): ReadonlyMap<string, RouteRules> {
  const reflector = new Reflector();
  const rules = new Map<string, RouteRules>();
  for (const controller of controllersOf(app)) {
    const prototype = controller.prototype as Record<string, () => unknown>;
    for (const method of new MetadataScanner().getAllMethodNames(prototype)) {
      const targets = [prototype[method]!, controller];
      rules.set(operationId(controller.name, method), {
        access: reflector.getAllAndOverride<RouteRules['access']>(accessMetadata, targets),
        limit: reflector.getAllAndOverride<RouteRules['limit']>(limitMetadata, targets),
        stepUp: reflector.getAllAndOverride<true | undefined>(stepUpMetadata, targets) ?? false,
        cookies: reflector.get<CookieUse | undefined>(cookieUseMetadata, targets[0]!),
        repeatable: reflector.get<RouteRules['repeatable']>(idempotencyMetadata, targets[0]!),
        editable: reflector.get<true | undefined>(editableMetadata, targets[0]!) ?? false,
        routeClass: reflector.get<RouteRules['routeClass']>(routeClassMetadata, targets[0]!),
      });
    }
  }
  return rules;
}

type ControllerClass = abstract new (...args: never[]) => unknown;

function controllersOf(app: INestApplication): ControllerClass[] {
  return [...app.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as ControllerClass),
  );
}
