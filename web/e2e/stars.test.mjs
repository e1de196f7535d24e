// Stars belong to the user: every browser changes the one list that the portal keeps.
import assert from 'node:assert/strict';
import { becomes, count, openPage, shortcut, visit } from './browser.mjs';
import { suite } from './suite.mjs';

const { portal, browser, flow } = suite();
const open = (page, name) => visit(page, `${portal.url}/catalog/default/component/${name}`);
const starred = page => page.getByRole('button', { name: 'Remove the star' });

const LIST = '/api/user-settings/buckets/default.starredEntities/keys/entityRefs';

/** The list that the portal keeps. */
async function list(refs) {
  const session = await fetch(`${portal.url}/api/auth/guest/refresh`).then(it => it.json());
  const headers = {
    Authorization: `Bearer ${session.backstageIdentity.token}`,
    'Content-Type': 'application/json',
  };
  const change = refs && { method: 'PUT', body: JSON.stringify({ value: refs }) };
  const answer = await fetch(portal.url + LIST, { headers, ...change });
  assert.ok(answer.ok, `${answer.status}`);
  return (await answer.json()).value;
}

flow('what another browser has starred stays', async page => {
  await list([]);
  await open(page, 'ledger-service');
  const other = await openPage(browser());
  await open(other.page, 'reservation-service');
  // This page is told nothing of the other one.
  let isChanging = false;
  await page.route('**/multiget', (route, request) =>
    request.postDataJSON().items.length > 0 && !isChanging ? route.abort() : route.fallback(),
  );
  await shortcut(other.page, 's');
  await becomes(() => list(), ['component:default/reservation-service']);
  isChanging = true;
  await shortcut(page, 's');
  await starred(page).waitFor();
  await becomes(
    () => list(),
    ['component:default/ledger-service', 'component:default/reservation-service'],
  );
  await shortcut(page, 's');
  await becomes(() => list(), ['component:default/reservation-service']);
  await other.close();
});

flow('a list that is longer than what is shown loses nothing', async page => {
  const many = Array.from({ length: 600 }, (_, at) => `component:default/moved-${at}`);
  await list(many);
  await open(page, 'ledger-service');
  await shortcut(page, 's');
  await becomes(() => list(), ['component:default/ledger-service', ...many]);
  await list([]);
});

flow(
  'a star that the portal does not keep is told, and taken back',
  async page => {
    await list([]);
    await open(page, 'ledger-service');
    const refusal = { error: { name: 'Error', message: 'the disk is on fire' } };
    await page.route(`**${LIST}`, route =>
      route.fulfill({ status: 500, body: JSON.stringify(refusal) }),
    );
    await shortcut(page, 's');
    const told = page.getByRole('alert').filter({ hasText: 'the disk is on fire' });
    await told.waitFor();
    await count(starred(page), 0);
    await told.getByRole('button', { name: 'Close' }).click();
    await count(told, 0);
  },
  { allow: [LIST] },
);
