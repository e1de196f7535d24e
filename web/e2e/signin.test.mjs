// Signing in on the pages of a certified OpenID provider, in a browser.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, openPage, startPortal } from './portal.mjs';

const { SECRET, startProvider } = createRequire(import.meta.url)('../../tests/node/provider.js');
let provider;
let portal;
let browser;

before(async () => {
  provider = await startProvider();
  const oidc = {
    metadataUrl: `${provider.issuer}/.well-known/openid-configuration`,
    clientId: 'portal',
    clientSecret: SECRET,
    additionalScopes: ['offline_access'],
    prompt: 'consent',
    signIn: {
      resolvers: [
        {
          resolver: 'emailLocalPartMatchingUserEntityName',
          dangerouslyAllowSignInWithoutUserInCatalog: true,
        },
      ],
    },
  };
  const auth = { environment: 'test', providers: { oidc: { test: oidc } } };
  [portal, browser] = await Promise.all([startPortal({ auth }), launch()]);
  provider.register(portal.url);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  provider?.stop();
});

/** Fills in the forms of the provider. */
async function answer(popup, login) {
  await popup.locator('[name="login"]').fill(login);
  await popup.locator('[name="password"]').fill('any');
  await popup.locator('[type="submit"]').click();
  await popup.getByRole('button', { name: 'Continue' }).click();
}

async function signIn(page, login) {
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Sign in with single sign-on' }).click(),
  ]);
  await answer(popup, login);
}

test('people sign in, stay signed in, and sign out', async () => {
  const { page, faults, close } = await openPage(browser);
  await page.goto(`${portal.url}/settings`);
  await signIn(page, 'ada');
  await page.getByText('user:default/ada').first().waitFor();
  // The page that was asked for, without signing in again.
  assert.ok(page.url().endsWith('/settings'));
  await page.reload();
  await page.getByText('user:default/ada').first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with single sign-on' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Sign in with single sign-on' }).waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test('who is refused is told why', async () => {
  const { page, close } = await openPage(browser);
  await page.goto(portal.url);
  await signIn(page, 'mallory');
  await page.getByText('does not contain an email').waitFor();
  await page.getByRole('button', { name: 'Sign in with single sign-on' }).waitFor();
  await close();
});
