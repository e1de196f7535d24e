// Where the values of an entity come from, and what happened to it.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { becomes, count, rest, shortcut } from './browser.mjs';
import { suite } from './suite.mjs';

/** Of each test its own: they must not see each other's changes. */
const NAMES = ['cart', 'faulty', 'watched', 'deleted', 'refreshed', 'renamed'];

const component = (name, description, owner = 'crew') => `apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ${name}, description: ${description} }
spec:
  type: service
  lifecycle: production
  owner: ${owner}
`;

const fileOf = (folder, name) => join(folder, `${name}.yaml`);

/** What a file of this portal says. */
function say(name, text) {
  const file = fileOf(portal.folder, name);
  // Nobody reads half of it.
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const { portal, flow, go } = suite({
  begin: () => folder => {
    for (const name of NAMES) writeFileSync(fileOf(folder, name), component(name, 'First words.'));
    const locations = NAMES.map(name => ({ type: 'file', target: fileOf(folder, name) }));
    return { catalog: { locations } };
  },
});
const open = (page, name, tab) => go(page, `/catalog/default/component/${name}/${tab}`);

/** What the portal answers to a guest. */
async function ask(path, options) {
  const session = await fetch(`${portal.url}/api/auth/guest/refresh`).then(it => it.json());
  const headers = { Authorization: `Bearer ${session.backstageIdentity.token}` };
  return fetch(portal.url + path, { ...options, headers });
}

/** Does as if the user had no permission at all. */
const denyAll = page =>
  page.route('**/api/permission/authorize', (route, request) => {
    const { items } = request.postDataJSON();
    return route.fulfill({ json: { items: items.map(({ id }) => ({ id, result: 'DENY' })) } });
  });

flow('each value says where it comes from', async page => {
  await open(page, 'cart', 'explain');
  await page.getByText('cart.yaml').first().waitFor();
  const row = text => page.getByRole('row').filter({ hasText: text });
  await row('spec.lifecycle').getByText('its file').waitFor();
  await row('metadata.uid').getByText('the catalog').waitFor();
  await row('ownedBy').getByText('spec.owner').waitFor();
  await page.getByRole('searchbox', { name: 'Find a field' }).fill('etag');
  await row('metadata.etag').waitFor();
  await count(row('spec.lifecycle'), 0);
  await page.getByRole('searchbox', { name: 'Find a field' }).fill('xylophone');
  await page.getByText('No field has these words').waitFor();
});

flow('a fault of the file is named with its line', async page => {
  say('faulty', component('faulty', 'Second words.', '[]'));
  await open(page, 'faulty', 'explain');
  const told = page.getByText(/faulty\.yaml · line \d+/).first();
  await becomes(async () => {
    await page.reload();
    await rest(page);
    return (await told.count()) > 0;
  }, true);
  await page.getByText('the last version that was in order').waitFor();
});

flow('a change shows line by line while somebody looks', async page => {
  await open(page, 'watched', 'history');
  await page.getByText('Nothing has changed since you came').waitFor();
  say('watched', component('watched', 'Other words.'));
  const lines = page.locator('.history-lines');
  await lines
    .getByText(/\+\s+description: Other words\./)
    .first()
    .waitFor();
  await lines
    .getByText(/−\s+description: First words\./)
    .first()
    .waitFor();
});

flow('what somebody did to an entity is recorded, with who did it', async page => {
  const path = '/api/catalog/entities/by-name/component/default/deleted';
  const { metadata } = await (await ask(path)).json();
  const gone = await ask(`/api/catalog/entities/by-uid/${metadata.uid}`, { method: 'DELETE' });
  assert.equal(gone.status, 204);
  // Its file still names it.
  await becomes(async () => (await ask(path)).status, 200);
  await open(page, 'deleted', 'history');
  const row = page.getByRole('row').filter({ hasText: 'catalog.entity.delete' }).first();
  await row.getByText('this entity').waitFor();
  await row.getByText('guest').waitFor();
  await page.getByRole('link', { name: 'All records about it' }).click();
  await page.waitForURL(/admin\/audit\?subject=component:default\/deleted/);
});

flow('who asked for a new look at an entity stands in its history', async page => {
  await open(page, 'refreshed', 'history');
  await page.getByText('Nobody has registered, refreshed or removed it').waitFor();
  await shortcut(page, 'r');
  const row = page.getByRole('row').filter({ hasText: 'catalog.entity.refresh' });
  await row.getByText('this entity').waitFor();
  await row.getByText('guest').waitFor();
  await row.getByText('succeeded').waitFor();
});

flow('who may not read records and faults is told which permission that needs', async page => {
  await denyAll(page);
  await open(page, 'cart', 'history');
  await page.getByText('audit.record.read').waitFor();
  await open(page, 'cart', 'explain');
  await page.getByText('catalog.ingestion.read').waitFor();
  await page.getByRole('row').filter({ hasText: 'spec.lifecycle' }).waitFor();
});

flow(
  'an entity that was renamed in its file is found by its former name',
  async page => {
    const path = name => `/api/catalog/entities/by-name/component/default/${name}`;
    const { metadata } = await (await ask(path('renamed'))).json();
    say('renamed', component('called-anew', 'First words.'));
    await becomes(async () => (await ask(path('called-anew'))).status, 200);
    // It would go by itself after a while, in which its file could still be moved.
    await ask(`/api/catalog/entities/by-uid/${metadata.uid}`, { method: 'DELETE' });
    await becomes(async () => (await ask(path('renamed'))).status, 404);
    await go(page, '/catalog/default/component/renamed');
    const now = page.locator('.card', { hasText: 'It may go by another name now' });
    await now.getByText('with the same description and spec').waitFor();
    await page.getByText('was removed').waitFor();
    await now.getByRole('link', { name: 'called-anew' }).click();
    await page.waitForURL(/component\/called-anew$/);
    await page.getByRole('heading', { level: 1, name: 'called-anew' }).waitFor();
  },
  { allow: ['/by-name/component/default/renamed'] },
);
