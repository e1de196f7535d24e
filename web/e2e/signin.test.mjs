// Signing in on the pages of a certified OpenID provider, in a browser.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { becomes, count, flowsIn, launch, rest } from './browser.mjs';
import { startPortal } from './portal.mjs';
import { askToAct, askWithCode, hear, redeem } from './programs.mjs';

const { SECRET, startProvider } = createRequire(import.meta.url)('../../tests/node/provider.js');
const ADA = 'ada.fosse';
const BUTTON = 'Sign in with single sign-on';
let provider;
let portal;
let browser;

const HOUSE = 'acme-stages.example';
const person = (login, email, email_verified = true) => [
  login,
  { sub: login, name: login, email, email_verified },
];
/** Two of the example catalog, and three who must not get in. */
const PEOPLE = Object.fromEntries([
  person('ada', `ada.fosse@${HOUSE}`),
  person('bertolt', `bertolt.kane@${HOUSE}`),
  person('mallory', `ada.fosse@${HOUSE}`, false),
  person('zoe', `zoe@${HOUSE}`),
  person('max', 'ada.fosse@elsewhere.example'),
]);

before(async () => {
  provider = await startProvider(PEOPLE);
  const oidc = {
    metadataUrl: `${provider.issuer}/.well-known/openid-configuration`,
    clientId: 'portal',
    clientSecret: SECRET,
    additionalScopes: ['offline_access'],
    prompt: 'consent',
    signIn: {
      resolvers: [
        { resolver: 'emailMatchingUserEntityProfileEmail' },
        { resolver: 'emailLocalPartMatchingUserEntityName', allowedDomains: [HOUSE] },
      ],
    },
  };
  const auth = {
    environment: 'test',
    providers: { oidc: { test: oidc } },
    experimentalDynamicClientRegistration: { enabled: true },
    experimentalRefreshToken: { enabled: true },
  };
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

/** Opens the window of the provider. */
async function openWindow(page) {
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: BUTTON }).click(),
  ]);
  return popup;
}

async function signIn(page, login) {
  await answer(await openWindow(page), login);
}

const button = page => page.getByRole('button', { name: BUTTON });
const seen = (page, name) => page.getByText(`user:default/${name}`).first().waitFor();

const flow = flowsIn(() => browser);
flow('people sign in, stay signed in, and sign out', async page => {
  await page.goto(`${portal.url}/settings`);
  await signIn(page, 'ada');
  await seen(page, ADA);
  // The page that was asked for, without signing in again.
  assert.ok(page.url().endsWith('/settings'));
  await page.reload();
  await seen(page, ADA);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await button(page).waitFor();
  await page.reload();
  await button(page).waitFor();
});

flow('a token that ends is renewed without a word', async page => {
  await page.clock.install();
  await page.goto(`${portal.url}/settings`);
  await signIn(page, 'ada');
  await seen(page, ADA);
  await rest(page);
  const renewed = page.waitForResponse(answer => answer.url().includes('/api/auth/oidc/refresh'));
  // What goes wrong before it is awaited is the fault to tell.
  renewed.catch(() => {});
  await page.clock.fastForward('02:00:00');
  await page.getByRole('link', { name: 'Catalog' }).first().click();
  assert.equal((await renewed).status(), 200);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await rest(page);
  await count(button(page), 0);
});

flow(
  'a session that the provider has ended leads to the way in',
  async page => {
    await page.goto(`${portal.url}/settings`);
    await signIn(page, 'bertolt');
    await seen(page, 'bertolt.kane');
    provider.close('bertolt');
    await page.reload();
    await button(page).waitFor();
    await page.getByText('Refresh failed').waitFor();
    // Nothing of who was signed in is left to see.
    await count(page.getByText('bertolt'), 0);
    // At the provider, another person.
    await page.context().clearCookies({ domain: '127.0.0.1' });
    await signIn(page, 'ada');
    await seen(page, ADA);
  },
  { allow: ['/api/auth/oidc/refresh'] },
);

const REFUSED = [
  ['whose address is not verified', 'mallory', 'does not contain an email'],
  ['whom no resolver finds', 'zoe', 'unable to resolve user identity'],
  ['whose name fits and whose domain does not', 'max', 'not from an allowed domain'],
];
for (const [who, login, message] of REFUSED) {
  flow(`${who} is refused, and told no more than a reference`, async page => {
    await page.goto(portal.url);
    await signIn(page, login);
    const told = page.getByText(message);
    await told.waitFor();
    assert.doesNotMatch(await told.textContent(), new RegExp(PEOPLE[login].email));
    await button(page).waitFor();
    await page.reload();
    await button(page).waitFor();
  });
}

flow('a window that is closed gives up, and the next one works', async page => {
  await page.goto(`${portal.url}/settings`);
  const popup = await openWindow(page);
  await popup.locator('[name="login"]').waitFor();
  await popup.close();
  await page.getByText('The window was closed before you signed in.').waitFor();
  await signIn(page, 'ada');
  await seen(page, ADA);
});

flow('without a window the page itself goes to the provider, and comes back', async page => {
  await page.goto(`${portal.url}/settings`);
  await page.getByLabel('without a window of its own').check();
  await button(page).click();
  await answer(page, 'ada');
  await seen(page, ADA);
  assert.ok(page.url().endsWith('/settings'));
  await page.reload();
  await seen(page, ADA);
});

flow('where the browser opens no window, this one goes', async page => {
  await page.addInitScript(() => {
    globalThis.open = () => null;
  });
  await page.goto(`${portal.url}/settings`);
  await button(page).click();
  await answer(page, 'ada');
  await seen(page, ADA);
});

flow(
  'who is refused without a window is told so, once, and nobody else puts words there',
  async page => {
    await page.goto(`${portal.url}/settings?error=Call+this+number`);
    await button(page).waitFor();
    await count(page.getByText('Call this number'), 0);
    await page.goto(`${portal.url}/settings`);
    await page.getByLabel('without a window of its own').check();
    await button(page).click();
    await answer(page, 'mallory');
    await page.getByText('does not contain an email').waitFor();
    assert.ok(page.url().endsWith('/settings'));
    await page.reload();
    await button(page).waitFor();
    await count(page.getByText('does not contain an email'), 0);
  },
  { allow: ['/api/auth/oidc/refresh'] },
);

flow('two tabs sign in at once, each in its own window', async first => {
  const second = await first.context().newPage();
  const tabs = [first, second];
  await Promise.all(tabs.map(tab => tab.goto(`${portal.url}/settings`)));
  const windows = [await openWindow(first), await openWindow(second)];
  await answer(windows[0], 'ada');
  await seen(first, ADA);
  // The provider knows the browser by now; the second window began before that.
  await answer(windows[1], 'ada');
  await seen(second, ADA);
});

flow('a tab follows what another one does', async first => {
  const second = await first.context().newPage();
  await Promise.all([first, second].map(tab => tab.goto(`${portal.url}/settings`)));
  await Promise.all([first, second].map(tab => button(tab).waitFor()));
  await signIn(first, 'ada');
  await Promise.all([first, second].map(tab => seen(tab, ADA)));
  await second.getByRole('button', { name: 'Sign out' }).click();
  await Promise.all([first, second].map(tab => button(tab).waitFor()));
  // Who signs out is sent to the first page, which names nobody.
  await second.goto(`${portal.url}/settings`);
  await second.getByRole('button', { name: 'Continue as guest' }).click();
  await Promise.all([first, second].map(tab => seen(tab, 'guest')));
});

flow('tabs that renew at once do not end the session', async first => {
  await first.goto(`${portal.url}/settings`);
  await signIn(first, 'ada');
  await seen(first, ADA);
  const second = await first.context().newPage();
  await second.goto(`${portal.url}/settings`);
  await seen(second, ADA);
  // Each request is held for a while: two without a lock would carry the same refresh token.
  let nHeld = 0;
  let nAtOnce = 0;
  await first.context().route('**/api/auth/oidc/refresh**', async route => {
    nAtOnce = Math.max(nAtOnce, ++nHeld);
    await new Promise(resolve => setTimeout(resolve, 500));
    nHeld--;
    await route.continue();
  });
  const renewed = [first, second].map(tab =>
    tab.waitForResponse(answer => answer.url().includes('/api/auth/oidc/refresh')),
  );
  await Promise.all([first, second].map(tab => tab.reload()));
  for (const answer of await Promise.all(renewed)) assert.equal(answer.status(), 200);
  await Promise.all([first, second].map(tab => seen(tab, ADA)));
  assert.equal(nAtOnce, 1);
});

flow('a program asks somebody who has to sign in first', async page => {
  const { clientId, question } = await askToAct(portal);
  await page.goto(question);
  await signIn(page, 'ada');
  await page.getByRole('heading', { name: 'Let Terminal helper act for you?' }).waitFor();
  const answered = await hear(page);
  await page.getByRole('button', { name: 'Allow' }).click();
  const tokens = await redeem(portal, clientId, (await answered()).get('code'));
  assert.equal(userOf(tokens.access_token), `user:default/${ADA}`);
});

flow('the code of a device is typed by somebody who has to sign in first', async page => {
  const program = await askWithCode(portal);
  await page.goto(program.address);
  await signIn(page, 'ada');
  await becomes(() => page.getByLabel('Code').inputValue(), program.userCode);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('Go back to the program').waitFor();
  const tokens = await program.redeem();
  assert.equal(userOf(tokens.access_token), `user:default/${ADA}`);
});

/** Whom a token is for. */
function userOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub;
}
