'use strict';

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');
const { ResponseError } = require('@backstage/errors');
const { TOKEN, clientOf, startPortal } = require('./portal');

describe('errors', () => {
  let portal;
  let client;

  before(async () => {
    portal = await startPortal({ locations: [] });
    client = clientOf(portal);
  });
  after(() => portal?.stop());

  const NONE = '00000000-0000-4000-8000-000000000000';
  const cases = [
    ['ancestry of what is not there', 404, 'NotFoundError',
      c => c.getEntityAncestors({ entityRef: 'component:default/none' })],
    ['refreshing what is not there', 404, 'NotFoundError',
      c => c.refreshEntity('component:default/none')],
    ['unregistering what is not there', 404, 'NotFoundError', c => c.removeLocationById(NONE)],
    ['moving what is not there', 404, 'NotFoundError',
      c => c.updateLocation(NONE, { target: 'https://example.com/catalog.yaml' })],
    ['a broken cursor', 400, 'InputError', c => c.queryEntities({ cursor: 'broken' })],
    ['a broken cursor of locations', 400, 'InputError',
      c => c.queryLocations({ cursor: 'broken' })],
    ['a bad limit', 400, 'InputError', c => c.getEntities({ limit: -1 })],
    ['an unknown operator', 400, 'InputError',
      c => c.queryEntities({ query: { kind: { $near: 'component' } } })],
    ['a location of a type that may not be registered', 400, 'InputError',
      c => c.addLocation({ type: 'file', target: '/etc/passwd' })],
    ['facets of nothing', 400, 'InputError', c => c.getEntityFacets({ facets: [] })],
  ];
  for (const [what, status, name, call] of cases) {
    it(`${what}: ${status} ${name}`, async () => {
      const error = await call(client).then(() => assert.fail('it was answered'), e => e);
      assert.ok(error instanceof ResponseError, error.stack);
      assert.equal(error.response.status, status, error.message);
      assert.equal(error.cause.name, name);
      assert.equal(error.body.response.statusCode, status);
      assert.ok(error.body.error.message);
      assert.match(error.body.request.url, /^\//);
    });
  }

  it('an unknown location is undefined', async () => {
    assert.equal(await client.getLocationById(NONE), undefined);
    assert.equal(await client.getLocationByRef('url:https://example.com/none'), undefined);
    assert.equal(await client.getLocationByEntity('component:default/none'), undefined);
  });

  it('removing an unknown entity is no error', async () => {
    await client.removeEntityByUid(NONE);
  });

  it('without a token, or with a wrong one, nothing is answered', async () => {
    for (const token of [null, 'wrong-token-wrong']) {
      const error = await clientOf(portal, token).getEntities().catch(e => e);
      assert.equal(error.response?.status, 401);
      assert.equal(error.cause.name, 'AuthenticationError');
    }
  });

  it('a token may come with the call, or belong to a guest', async () => {
    const anonymous = clientOf(portal, null);
    const own = await anonymous.getEntities({}, { token: TOKEN });
    assert.deepEqual(own, { items: [] });
    const response = await fetch(`${portal.baseUrl}/api/auth/guest/refresh`);
    const { backstageIdentity } = await response.json();
    assert.deepEqual(await anonymous.getEntities({}, { token: backstageIdentity.token }), own);
  });
});
