'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { clientOf, eventually, startPortal } = require('./portal');
const { Browser, SECRET, posted, startProvider } = require('./provider');

const FILE = path.join(__dirname, 'fixture/catalog.yaml');

describe('sign-in with an OpenID provider', () => {
  let provider;
  let portal;
  let start;
  let refresh;

  before(async () => {
    provider = await startProvider();
    portal = await startPortal({
      locations: [FILE],
      auth: () => ({
        environment: 'test',
        providers: {
          oidc: {
            test: {
              metadataUrl: `${provider.issuer}/.well-known/openid-configuration`,
              clientId: 'portal',
              clientSecret: SECRET,
              additionalScopes: ['offline_access'],
              prompt: 'consent',
              signIn: { resolvers: [{ resolver: 'emailMatchingUserEntityProfileEmail' }] },
            },
          },
        },
      }),
    });
    provider.register(portal.baseUrl);
    start = `${portal.baseUrl}/api/auth/oidc/start?env=test`;
    refresh = `${portal.baseUrl}/api/auth/oidc/refresh?env=test`;
    const client = clientOf(portal);
    await eventually(
      () => client.getEntityByRef('user:default/ada'),
      'the users are in the catalog',
    );
  });

  after(async () => {
    await portal?.stop();
    provider?.stop();
  });

  it('signs in, refreshes and signs out', async () => {
    const browser = new Browser();
    const { origin, message } = posted(await browser.signIn(start, 'ada'));
    assert.equal(origin, portal.baseUrl);
    assert.equal(message.error, undefined);
    const { profile, providerInfo, backstageIdentity } = message.response;
    assert.deepEqual(profile, { email: 'ada@example.com', displayName: 'Ada Prompter' });
    assert.equal(providerInfo.scope, 'openid profile email offline_access');
    assert.deepEqual(backstageIdentity.identity.ownershipEntityRefs, [
      'user:default/ada',
      'group:default/props',
    ]);

    const catalog = clientOf(portal, backstageIdentity.token);
    const ada = await catalog.getEntityByRef('user:default/ada');
    assert.equal(ada.metadata.name, 'ada');

    // Twice: each time the provider gives a new refresh token, and the one before is worth nothing.
    for (let n = 0; n < 2; n++) {
      const again = await browser.script(refresh);
      assert.equal(again.status, 200, await again.clone().text());
      const session = await again.json();
      assert.equal(session.backstageIdentity.identity.userEntityRef, 'user:default/ada');
      assert.notEqual(session.providerInfo.accessToken, providerInfo.accessToken);
    }

    const logout = `${portal.baseUrl}/api/auth/oidc/logout?env=test`;
    assert.equal((await browser.script(logout, 'POST')).status, 200);
    assert.equal((await browser.script(refresh)).status, 401);
  });

  it('goes back to the page of the redirect flow', async () => {
    const browser = new Browser();
    const back = `${portal.baseUrl}/somewhere`;
    const page = await browser.signIn(`${start}&flow=redirect&redirectUrl=${back}`, 'ada');
    assert.equal(page.url, back);
    assert.equal((await browser.script(refresh)).status, 200);
  });

  it('signs in in two tabs at once', async () => {
    const browser = new Browser();
    const first = await browser.fetch(start);
    const second = await browser.fetch(start);
    for (const tab of [first, second]) {
      const page = await browser.signIn(tab.headers.get('location'), 'ada');
      assert.equal(posted(page).message.error, undefined, page.text);
    }
  });

  it('refuses whom the catalog does not know, and tells operators why', async () => {
    const browser = new Browser();
    const { message } = posted(await browser.signIn(start, 'eve'));
    assert.match(message.error.message, /unable to resolve user identity.* Reference: [0-9a-f]{8}$/);
    assert.doesNotMatch(message.error.message, /eve/);
    assert.match(portal.log(), /spec\.profile\.email `eve@example\.com`/);
    assert.equal((await browser.script(refresh)).status, 401);
  });

  it('does not believe an address that was not verified', async () => {
    const { message } = posted(await new Browser().signIn(start, 'mallory'));
    assert.match(message.error.message, /does not contain an email/);
  });

  it('ends a session that the provider has ended', async () => {
    const browser = new Browser();
    await browser.signIn(start, 'ada');
    const jar = browser.jars.get(new URL(portal.baseUrl).host);
    const stolen = jar.get('oidc-refresh-token');
    await browser.script(refresh);
    // A refresh token that was used before: the provider revokes the whole session.
    const now = jar.get('oidc-refresh-token');
    assert.notEqual(now, stolen);
    jar.set('oidc-refresh-token', stolen);
    assert.equal((await browser.script(refresh)).status, 401);
    jar.set('oidc-refresh-token', now);
    assert.equal((await browser.script(refresh)).status, 401);
  });
});
