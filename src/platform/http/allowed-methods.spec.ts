import { AllowedMethods } from './allowed-methods.js';

describe('Allowed methods', () => {
  const methods = new AllowedMethods();
  methods.learn(['GET', 'HEAD'], '/api/v1/users');
  methods.learn('POST', '/api/v1/users');
  methods.learn('POST', '/api/v1/users');
  methods.learn('PATCH', '/api/v1/users/:id');
  methods.learn('OPTIONS', '*');

  it.each([
    ['/api/v1/users', ['GET', 'HEAD', 'POST']],
    ['/api/v1/users?limit=1', ['GET', 'HEAD', 'POST']],
    ['/api/v1/users/7', ['PATCH']],
    ['/api/v1/nothing', []],
    ['/api/v1/users/', ['PATCH']], // an empty id
    ['/API/v1/users', []],
    ['/%zz', []],
    ['', []],
  ])('[PE-08][ER-01] knows those of %s', (url, expected) => {
    expect(methods.of(url)).toEqual(expected);
  });
});
