import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Gives a route an option that hooks read. `RouteConfig` alone would drop those given before. */
export function RouteOption(option: object): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const others = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as object;
    RouteConfig({ ...others, ...option })(target, name, descriptor);
  };
}
