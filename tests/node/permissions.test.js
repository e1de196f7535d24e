'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { ConfigReader } = require('@backstage/config');
const { PermissionClient, createPermission } = require('@backstage/plugin-permission-common');
const {
  catalogEntityDeletePermission,
  catalogEntityReadPermission,
  catalogLocationCreatePermission,
} = require('@backstage/plugin-catalog-common/alpha');
const { TOKEN, clientOf, eventually, startPortal } = require('./portal');

const FILE = path.join(__dirname, 'fixture/catalog.yaml');
const POLICY = `
g, group:default/props, role:default/crew
p, role:default/crew, catalog-entity, read, allow
`;
// Who owns something may delete it.
const CONDITIONS = `
result: CONDITIONAL
roleEntityRef: role:default/crew
pluginId: catalog
resourceType: catalog-entity
permissionMapping: [delete]
conditions:
  rule: IS_ENTITY_OWNER
  resourceType: catalog-entity
  params: { claims: [$ownerRefs] }
`;

const CURTAIN = 'component:default/curtain';
const PROPS = 'group:default/props';

describe('permissions', () => {
  let portal;
  let token;

  before(async () => {
    portal = await startPortal({
      locations: [FILE],
      auth: () => ({
        providers: {
          guest: {
            userEntityRef: 'user:default/ada',
            dangerouslyAllowOutsideDevelopment: true,
          },
        },
      }),
      permission: {
        files: { 'policy.csv': POLICY, 'conditions.yaml': CONDITIONS },
        section: folder => ({
          enabled: true,
          rbac: {
            'policies-csv-file': path.join(folder, 'policy.csv'),
            conditionalPoliciesFile: path.join(folder, 'conditions.yaml'),
          },
        }),
      },
    });
    const client = clientOf(portal);
    await eventually(async () => {
      const ada = await client.getEntityByRef('user:default/ada');
      return ada?.relations.length && (await client.getEntityByRef(CURTAIN));
    }, 'the fixture is in the catalog');
    const response = await fetch(`${portal.baseUrl}/api/auth/guest/refresh`);
    const session = await response.json();
    assert.equal(session.backstageIdentity.identity.userEntityRef, 'user:default/ada');
    token = session.backstageIdentity.token;
  });
  after(() => portal?.stop());

  const permissions = (settings = {}) =>
    new PermissionClient({
      config: new ConfigReader({ permission: { enabled: true, ...settings } }),
      discovery: { getBaseUrl: async id => `${portal.baseUrl}/api/${id}` },
    });

  for (const [name, settings] of [
    ['one by one', {}],
    ['in batches', { EXPERIMENTAL_enableBatchedRequests: true }],
  ]) {
    it(`decides for a user, ${name}`, async () => {
      const answers = await permissions(settings).authorize(
        [
          { permission: catalogEntityReadPermission, resourceRef: CURTAIN },
          { permission: catalogEntityDeletePermission, resourceRef: CURTAIN },
          { permission: catalogEntityDeletePermission, resourceRef: PROPS },
          { permission: catalogEntityDeletePermission, resourceRef: 'component:default/none' },
          { permission: catalogLocationCreatePermission },
        ],
        { token },
      );
      assert.deepEqual(
        answers.map(answer => answer.result),
        ['ALLOW', 'ALLOW', 'DENY', 'DENY', 'DENY'],
      );
    });
  }

  it('tells conditions to plugins only', async () => {
    const query = [{ permission: catalogEntityDeletePermission }];
    await assert.rejects(permissions().authorizeConditional(query, { token }), error => {
      assert.equal(error.statusCode, 400);
      assert.match(error.body.error.message, /require a resourceRef/);
      return true;
    });
  });

  it('denies what nobody knows, and refuses who is not known', async () => {
    const unknown = createPermission({ name: 'no.such.thing', attributes: {} });
    const [answer] = await permissions().authorize([{ permission: unknown }], { token });
    assert.equal(answer.result, 'DENY');
    for (const bad of [undefined, 'nonsense']) {
      const asked = permissions().authorize([{ permission: unknown }], { token: bad });
      await assert.rejects(asked, error => error.statusCode === 401);
    }
    // Programs ask nobody; this endpoint is for users.
    const asked = permissions().authorize([{ permission: unknown }], { token: TOKEN });
    await assert.rejects(asked, error => error.statusCode === 403);
  });
});
