import 'reflect-metadata';

import { Editable } from '../preconditions/index.js';
import { Deadline } from './deadline.js';
import { AcceptsForm } from './form.js';

class Controller {
  @Editable()
  @Deadline('slow')
  @AcceptsForm()
  all(): void {
    return undefined;
  }

  @Deadline('probe')
  one(): void {
    return undefined;
  }
}

const optionsOf = (method: 'all' | 'one'): unknown =>
  Reflect.getMetadata('__fastify_route_config__', Controller.prototype[method]);

describe('Options of a route', () => {
  it('[PE-08] stand side by side', () => {
    expect(optionsOf('all')).toMatchObject({
      acceptsForm: true,
      routeClass: 'slow',
      editable: true,
    });
    expect(optionsOf('one')).toMatchObject({ routeClass: 'probe' });
  });
});
