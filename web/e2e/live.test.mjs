// Changes that happen elsewhere reach the page that is open.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { count, launch, openPage, rest, visit } from './browser.mjs';
import { startPortal } from './portal.mjs';

let portal;
let browser;

const component = (name, description) =>
  `apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ${name}, description: ${description} }
spec: { type: service, lifecycle: production, owner: nobody }
`;

/** What the files of this portal say. */
function say(...documents) {
  const file = join(portal.folder, 'things.yaml');
  // Nobody reads half of it.
  writeFileSync(`${file}.new`, documents.join('---\n'));
  renameSync(`${file}.new`, file);
}

/** What no file names any more goes at once, and not a minute later, unless it is gone already. */
async function forget(name) {
  const session = await fetch(`${portal.url}/api/auth/guest/refresh`).then(it => it.json());
  const headers = { Authorization: `Bearer ${session.backstageIdentity.token}` };
  const catalog = `${portal.url}/api/catalog/entities`;
  const found = await fetch(`${catalog}/by-name/component/default/${name}`, { headers });
  if (found.status === 404) return;
  const { metadata } = await found.json();
  const gone = await fetch(`${catalog}/by-uid/${metadata.uid}`, { method: 'DELETE', headers });
  assert.ok([204, 404].includes(gone.status), `${gone.status}`);
}

before(async () => {
  const begin = folder => {
    writeFileSync(join(folder, 'things.yaml'), component('cart', 'As first written.'));
    return { catalog: { locations: [{ type: 'file', target: join(folder, 'things.yaml') }] } };
  };
  [portal, browser] = await Promise.all([startPortal(begin), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

test('an entity that changes elsewhere changes on the page, and leaves it when it goes', async () => {
  say(component('cart', 'As first written.'), component('till', 'Beside it.'));
  const { page, faults, close } = await openPage(browser, { allow: ['/by-name/'] });
  await visit(page, `${portal.url}/catalog/default/component/cart`);
  await page.getByText('As first written.').first().waitFor();
  await page.evaluate(() => {
    globalThis.isSame = true;
  });
  say(component('cart', 'As corrected.'), component('till', 'Beside it.'));
  await page.getByText('As corrected.').first().waitFor();
  say(component('till', 'Beside it.'));
  await forget('cart');
  await page.getByText('As corrected.').first().waitFor({ state: 'detached' });
  assert.ok(await page.evaluate(() => globalThis.isSame), 'the page was not loaded again');
  assert.deepEqual(faults, []);
  await close();
});

test('a list shows what is new', async () => {
  say(component('till', 'Beside it.'));
  const { page, faults, close } = await openPage(browser);
  await visit(page, `${portal.url}/catalog`);
  say(component('till', 'Beside it.'), component('scale', 'New.'));
  await page.getByRole('row').filter({ hasText: 'scale' }).waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test('a page says that the portal is away, and catches up when it is back', async () => {
  say(component('cart', 'Before the pause.'));
  const { page, close } = await openPage(browser);
  await visit(page, `${portal.url}/catalog/default/component/cart`);
  await page.getByText('Before the pause.').first().waitFor();
  const sign = page.getByText('The portal does not answer');
  await count(sign, 0);
  await portal.halt();
  await sign.waitFor();
  say(component('cart', 'After the pause.'));
  await portal.start();
  await page.getByText('After the pause.').first().waitFor();
  await sign.waitFor({ state: 'detached' });
  await close();
});

test('a page whose code was not loaded before comes by itself after an outage, in its frame', async () => {
  const { page, close } = await openPage(browser);
  await visit(page, `${portal.url}/`);
  await page.context().setOffline(true);
  await page.getByRole('navigation', { name: 'Main' }).getByText('Organization').click();
  await page.getByRole('heading', { level: 1, name: 'This page is still to come' }).waitFor();
  await page.getByRole('navigation', { name: 'Main' }).getByText('Home').waitFor();
  await page.locator('main').getByRole('button', { name: 'Try again' }).click();
  await page.getByText('there is no answer yet').waitFor();
  await page.context().setOffline(false);
  await page.getByRole('heading', { level: 1, name: 'Organization' }).waitFor();
  await rest(page);
  await close();
});
