// Settings, where somebody is signed in with the browser of a certified OpenID provider: sessions,
// tokens, what the portal knows of them, and keys.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { becomes, count, focused, openPage, press, rest, shortcut } from './browser.mjs';
import { fitsAll, suite } from './suite.mjs';

const { SECRET, startProvider } = createRequire(import.meta.url)('../../tests/node/provider.js');
const ADA = 'user:default/ada.fosse';
const BUTTON = 'Sign in with single sign-on';
let provider;

const { portal, browser, flow } = suite({
  begin: async () => {
    const email = 'ada.fosse@acme-stages.example';
    provider = await startProvider({
      ada: { sub: 'ada', name: 'Ada', email, email_verified: true },
    });
    const oidc = {
      metadataUrl: `${provider.issuer}/.well-known/openid-configuration`,
      clientId: 'portal',
      clientSecret: SECRET,
      additionalScopes: ['offline_access'],
      prompt: 'consent',
      signIn: { resolvers: [{ resolver: 'emailMatchingUserEntityProfileEmail' }] },
    };
    const rbac = { admin: { superUsers: [{ name: ADA }] } };
    return {
      auth: { environment: 'test', providers: { oidc: { test: oidc } } },
      permission: { enabled: true, rbac },
    };
  },
  ready: async ({ url }) => provider.register(url),
  end: () => provider?.stop(),
});

/** Signs in on the pages of the provider, and shows the settings. */
async function signIn(page) {
  await page.goto(`${portal.url}/settings`);
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: BUTTON }).click(),
  ]);
  await popup.locator('[name="login"]').fill('ada');
  await popup.locator('[name="password"]').fill('any');
  await popup.locator('[type="submit"]').click();
  await popup.getByRole('button', { name: 'Continue' }).click();
  await card(page, 'Sessions').getByText('This browser').waitFor();
  await rest(page);
}

/** The same for who counts sessions: ends those that flows before have left. */
async function signInAlone(page) {
  await signIn(page);
  const endOthers = card(page, 'Sessions').getByRole('button', { name: 'End all others' });
  if ((await endOthers.count()) > 0) await endOthers.click();
  await count(sessions(page), 1);
}

const card = (page, title) =>
  page
    .locator('section.card')
    .filter({ has: page.getByRole('heading', { level: 2, name: title }) });
const sessions = page => card(page, 'Sessions').getByRole('listitem');

/** A second browser, in which the same person has signed in. */
async function elsewhere(run) {
  // Its session ends under its hands: what it asks for then is refused.
  const other = await openPage(browser(), { allow: ['/api/'] });
  try {
    await signIn(other.page);
    await run(other.page);
  } finally {
    await other.close();
  }
}

/** Waits until a browser is asked to sign in. */
async function isOut(page) {
  await page.goto(`${portal.url}/settings`);
  await page.getByRole('button', { name: BUTTON }).waitFor();
}

flow('somebody sees where they are signed in, and ends one of them', async page => {
  await signInAlone(page);
  await elsewhere(async other => {
    await page.reload();
    await count(sessions(page), 2);
    await sessions(page).first().getByText('This browser').waitFor();
    await sessions(page)
      .first()
      .getByText(/^Chrome \d+ on /)
      .waitFor();
    await card(page, 'Sessions').getByText('lives on for up to 1 hour').waitFor();
    await sessions(page)
      .nth(1)
      .getByRole('button', { name: /^End Chrome/ })
      .click();
    await count(sessions(page), 1);
    await isOut(other);
  });
  await page.reload();
  await count(sessions(page), 1);
  await card(page, 'What the portal knows of you')
    .getByRole('button', { name: 'Sign out' })
    .click();
  await page.getByRole('button', { name: BUTTON }).waitFor();
});

flow('all others are ended at once, and this one goes on', async page => {
  await signInAlone(page);
  await elsewhere(first =>
    elsewhere(async second => {
      await page.reload();
      await count(sessions(page), 3);
      await card(page, 'Sessions').getByRole('button', { name: 'End all others' }).click();
      await count(sessions(page), 1);
      await isOut(first);
      await isOut(second);
    }),
  );
  await page.reload();
  await card(page, 'Sessions').getByText('This browser').waitFor();
  await count(card(page, 'Sessions').getByRole('button', { name: 'End all others' }), 0);
});

flow('what the portal knows, and which programs have tokens, is told', async page => {
  await signIn(page);
  const known = card(page, 'What the portal knows of you');
  await known.getByText(ADA).waitFor();
  await known.getByText('oidc').waitFor();
  await becomes(
    () => known.locator('dt').allTextContents(),
    ['Signed in as', 'With', 'Owns through', 'Member of', 'Roles'],
  );
  const tokens = card(page, 'Tokens');
  await tokens.getByText(`callboard login ${portal.url}`).waitFor();
  await tokens.getByText('refused here').waitFor();
  await tokens.getByRole('listitem').filter({ hasText: 'builds' }).waitFor();
});

flow('keys that are letters are switched off, and stay so', async page => {
  await signIn(page);
  const box = card(page, 'Keyboard').getByRole('checkbox');
  assert.equal(await box.isChecked(), true);
  await box.focus();
  await press(box, ' ');
  await becomes(() => box.isChecked(), false);
  await page.reload();
  await becomes(() => box.isChecked(), false);
  await shortcut(page, '?');
  await shortcut(page, 'g', 'h');
  await shortcut(page, 'Control+k');
  // Keys are heard in order, so those before have done nothing.
  await count(page.getByRole('dialog'), 1);
  const field = page.getByRole('dialog').getByRole('combobox');
  await focused(field);
  assert.ok(page.url().endsWith('/settings'));
  await press(field, 'Escape');
  await count(page.getByRole('dialog'), 0);
  await box.check();
  await shortcut(page, '?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
});

for (const theme of ['light', 'dark']) {
  flow(
    `settings fit in ${theme}`,
    async page => {
      await signIn(page);
      for (const width of [360, 1280, 2560]) {
        await page.setViewportSize({ width, height: 900 });
        await fitsAll(page);
      }
    },
    { theme },
  );
}
