import { Injectable } from '@nestjs/common';
import findMyWay, { type HTTPMethod } from 'find-my-way';

const served: readonly HTTPMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Knows which methods a path takes, so that a wrong one is answered 405 with `Allow`. */
@Injectable()
export class AllowedMethods {
  private readonly router = findMyWay({ ignoreTrailingSlash: false });

  /** Learns a route; called for each one as it is registered. */
  learn(methods: string | readonly string[], path: string): void {
    for (const method of [methods].flat() as HTTPMethod[]) {
      if (served.includes(method) && !this.router.hasRoute(method, path)) {
        this.router.on(method, path, () => undefined);
      }
    }
  }

  /** Methods taken by the path of this URL; empty when there is no such path. */
  of(url: string): readonly string[] {
    try {
      return served.filter((method) => this.router.find(method, url.split('?', 1)[0] ?? '/'));
    } catch {
      return [];
    }
  }
}
