import 'reflect-metadata';

import { routeClasses } from '../../catalogue/timeouts.js';
import { Editable } from '../preconditions/index.js';
import { Deadline } from './deadline.js';
import { AcceptsForm } from './form.js';
import { Upload } from './upload.js';

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

  @Upload()
  file(): void {
    return undefined;
  }
}

const optionsOf = (method: 'all' | 'one' | 'file'): unknown =>
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

  it('[PE-07][PE-08] an upload has the time that its content may take to arrive', () => {
    expect(optionsOf('file')).toMatchObject({ upload: true, routeClass: 'upload' });
    expect(routeClasses.upload.limit).toBeGreaterThan(120_000); // most of FILES_RECEIVE_TIMEOUT_MS
  });
});
