// What people do, in a browser against the binary with the example catalog.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { visit } from './pages.mjs';
import { launch, openPage, quiet, startPortal } from './portal.mjs';

let portal;
let browser;

before(async () => {
  [portal, browser] = await Promise.all([startPortal(), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** A test on a fresh page, on which nothing else may go wrong. */
function flow(name, run, options) {
  test(name, async () => {
    const { page, faults, close } = await openPage(browser, options);
    try {
      await run(page);
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });
}

async function openPalette(page) {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search and commands' }).waitFor();
}

const go = (page, path) => visit(page, portal.url + path);
const results = page => page.locator('.toolbar [role="status"]');
const row = (page, name) => page.locator('[role="row"]', { hasText: name });

flow(
  'the catalog is filtered by clicks, words and keys, and the address has it all',
  async page => {
    await go(page, '/catalog');
    await results(page).filter({ hasText: '48 results' }).waitFor();
    await page.getByRole('checkbox', { name: 'library' }).check();
    await results(page).filter({ hasText: '6 results' }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get('q'), 'kind:component type:library');
    await page.keyboard.press('/');
    await page.keyboard.press('End');
    await page.keyboard.type(' owner:me');
    await page.waitForURL(/owner:me/);
    await row(page, 'Booking rules').waitFor();
    const there = page.url();
    await page.reload();
    assert.equal(page.url(), there);
    await row(page, 'Booking rules').waitFor();
    await page.getByRole('button', { name: 'Remove type:library' }).click();
    await row(page, 'Reservation service').waitFor();
    await page.goBack();
    await row(page, 'Reservation service').waitFor({ state: 'detached' });
  },
);

flow('sorting shows entities without the value last', async page => {
  await go(page, '/catalog?q=&cols=name,kind,lifecycle');
  const total = await results(page).textContent();
  // Nor is another number shown meanwhile.
  await page.evaluate(() => {
    const status = document.querySelector('.toolbar [role="status"]');
    globalThis.totals = new Set([status.textContent]);
    new MutationObserver(() => globalThis.totals.add(status.textContent)).observe(status, {
      characterData: true,
      childList: true,
      subtree: true,
    });
  });
  await page.getByRole('button', { name: 'Lifecycle', exact: true }).click();
  await page.waitForURL(/sort=lifecycle/);
  await page
    .getByRole('columnheader', { name: 'Lifecycle' })
    .and(page.locator('[aria-sort="ascending"]'))
    .waitFor();
  assert.equal(await results(page).textContent(), total);
  await quiet(page);
  assert.deepEqual(await page.evaluate(() => [...globalThis.totals]), [total]);
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await row(page, 'User').first().waitFor();
});

flow('rows are walked, selected and opened with keys', async page => {
  await go(page, '/catalog');
  await row(page, 'Android app').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Android app' }).waitFor();
});

flow('a column is made wider, stays so, and is given back', async page => {
  await go(page, '/catalog');
  const head = page.getByRole('columnheader', { name: 'Owner' });
  const width = async () => (await head.boundingBox()).width;
  const usual = await width();
  const edge = page.getByRole('button', { name: 'Width of Owner' });
  await edge.focus();
  for (let n = 0; n < 3; n += 1) await page.keyboard.press('ArrowRight');
  const wider = await width();
  assert.ok(Math.abs(wider - usual - 48) <= 2, `${usual} became ${wider}`);
  await page.reload();
  await row(page, 'Android app').waitFor();
  assert.equal(await width(), wider);
  await edge.focus();
  await page.keyboard.press('Delete');
  assert.equal(await width(), usual);
});

flow('a listing is exported as a file', async page => {
  await go(page, '/catalog?q=kind:domain');
  await page.getByRole('button', { name: 'Export' }).click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByText('CSV, the columns shown').click(),
  ]);
  let text = '';
  for await (const chunk of await file.createReadStream()) text += chunk;
  assert.equal(text.trim().split('\r\n').length, 9);
  assert.match(text, /^ref,name,owner/);
});

flow('an entity tells who owns it and leads to its neighbours', async page => {
  await go(page, '/catalog/default/component/reservation-service');
  await page.locator('.summary').getByRole('link', { name: 'Ticketing' }).waitFor();
  await page.getByRole('link', { name: 'Reservations API' }).click();
  await page.getByRole('heading', { level: 1, name: 'Reservations API' }).waitFor();
  await page.getByRole('link', { name: 'Definition' }).click();
  await page.locator('.operations li').first().waitFor();
  await page.locator('.cm-content').waitFor();
  await page.getByRole('link', { name: 'YAML' }).click();
  await page.getByRole('button', { name: 'JSON' }).click();
  await page.locator('.cm-content', { hasText: '"apiVersion"' }).waitFor();
  assert.match(page.url(), /format=json/);
});

flow('two definitions are compared, and the address says which', async page => {
  await go(page, '/catalog/default/api/reservations-api/definition');
  await page.getByRole('combobox', { name: 'Compare with another API' }).fill('ledger');
  await page.getByRole('option').first().click();
  await page.waitForURL(/compare=api:default/);
  await page.locator('.diff-line[data-sort="added"]').first().waitFor();
  await page.getByRole('button', { name: 'Show the definition' }).click();
  await page.locator('.cm-content').waitFor();
});

flow(
  'a new entity is described, and judged before there is a file',
  async page => {
    await go(page, '/catalog-import/describe');
    await page.getByLabel('Name').fill('a b');
    await page.keyboard.press('Tab');
    await page.getByText('Letters and digits').waitFor();
    await page.getByLabel('Name').fill('shop-window');
    await page.getByRole('combobox', { name: 'Owner' }).fill('ticketing');
    await page.getByRole('option', { name: 'Ticketing' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('1 of 1 could be registered').waitFor();
    await page.locator('.cm-content', { hasText: 'owner: ticketing' }).waitFor();
    await page.getByLabel('A file with descriptions').setInputFiles({
      name: 'all.yaml',
      mimeType: 'application/yaml',
      buffer: Buffer.from('kind: Component\nmetadata: {name: x}\n---\na: [\n'),
    });
    await page.getByText('0 of 1 could be registered').waitFor();
    await page.getByText(/line \d+, column \d+/).waitFor();
  },
  { allow: ['/validate-entity'] },
);

flow('a star keeps an entity at hand', async page => {
  await go(page, '/catalog/default/component/ledger-service');
  await page.keyboard.press('s');
  await page.getByRole('button', { name: 'Remove the star' }).waitFor();
  await page
    .locator('.rail')
    .getByRole('link', { name: /ledger/i })
    .waitFor();
  await go(page, '/catalog?q=is:starred');
  await results(page).filter({ hasText: '1 result' }).waitFor();
  // In another browser, too.
  const other = await openPage(browser);
  await go(other.page, '/');
  await other.page
    .locator('.rail')
    .getByRole('link', { name: /ledger/i })
    .waitFor();
  await other.close();
});

flow(
  'unregistering says why it cannot be done here',
  async page => {
    await go(page, '/catalog/default/component/reservation-service');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Unregister…' }).click();
    await page.getByRole('dialog').getByText('was not registered here').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Unregister \d/ }).count(), 0);
  },
  { allow: ['/locations/by-entity/'] },
);

flow('the palette finds entities, pages and actions', async page => {
  await go(page, '/');
  await openPalette(page);
  await page.keyboard.type('shop graph');
  await page
    .getByRole('option', { name: /shop graphql/i })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/catalog\/default\/api\/shop-graphql/);
  await openPalette(page);
  await page.keyboard.type('dark theme');
  await page.locator('[role="option"][aria-selected="true"]', { hasText: 'Dark' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.reload();
  await page.locator('html[data-theme="dark"]').waitFor();
});

flow('the help lists the keys of the page', async page => {
  await go(page, '/catalog');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.getByText('Next row').first().waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await page.getByRole('heading', { level: 1, name: 'Organization' }).waitFor();
});

flow('the graph is walked with arrow keys', async page => {
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  const node = page.locator('.react-flow__node', { hasText: 'Reservation service' }).first();
  await node.click();
  await page.keyboard.press('ArrowRight');
  await page
    .locator('.react-flow__node.selected')
    .filter({ hasNotText: 'Reservation service' })
    .waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.summary').waitFor();
});

flow('the graph as a list has every edge', async page => {
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  const told = await page.getByText(/entities, \d+ edges/).textContent();
  const n = Number(/(\d+) edges/.exec(told)[1]);
  await page.getByRole('button', { name: 'List' }).click();
  assert.equal(await page.locator('tbody tr').count(), n);
});

flow(
  'a name that is nearly right leads to the right one',
  async page => {
    await go(page, '/catalog/default/component/reservation-servise');
    await page.getByRole('link', { name: 'Reservation service' }).click();
    await page.getByRole('heading', { level: 1, name: 'Reservation service' }).waitFor();
  },
  { allow: ['reservation-servise'] },
);

flow(
  'a file that cannot be read is refused with what to do',
  async page => {
    await go(page, '/catalog-import');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('Paste the URL of a file.').waitFor();
    await page.getByLabel('URL of the file').fill('http://127.0.0.1:1/catalog-info.yaml');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('cannot be registered yet').waitFor();
  },
  { allow: ['dryRun'] },
);

flow('signing out shows the way back in', async page => {
  await go(page, '/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Continue as guest' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
});

flow('a second visit needs no request before its first content', async page => {
  await go(page, '/catalog');
  const asked = [];
  page.on('request', request => asked.push(request.url()));
  await page.goto(`${portal.url}/catalog/default/component/reservation-service`);
  await page.getByRole('heading', { level: 1, name: 'Reservation service' }).waitFor();
  assert.ok(!asked.some(url => url.includes('/by-name/')), 'the entity came with the page');
  const files = asked.filter(url => !url.includes('/api/'));
  assert.ok(files.length <= 12, `${files.length} files`);
});

flow('the catalog comes with its page', async page => {
  await go(page, '/catalog');
  const asked = [];
  page.on('request', request => asked.push(request.url()));
  await page.reload();
  await row(page, 'Android app').waitFor();
  assert.ok(!asked.some(url => /by-query|entity-facets/.test(url)), asked.join('\n'));
});
