// What people do, in a browser against the binary with the example catalog.
import assert from 'node:assert/strict';
import {
  becomes,
  count,
  focused,
  focusWithin,
  hold,
  openPage,
  press,
  rest,
  shortcut,
  type,
} from './browser.mjs';
import { suite } from './suite.mjs';

const { portal, browser, flow, go } = suite();
const palette = page => page.getByRole('combobox', { name: 'Search and commands' });

/** Looks for something in the palette, and takes it when it is what Enter takes. */
async function choose(page, words, name) {
  await count(palette(page), 0);
  await shortcut(page, 'Control+k');
  await type(palette(page), words);
  await page.getByRole('option', { name, selected: true }).waitFor();
  await press(palette(page), 'Enter');
}

const SERVICE = '/catalog/default/component/reservation-service';
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
    const filter = page.getByRole('combobox', { name: 'Filter the list' });
    await shortcut(page, '/');
    await press(filter, 'End');
    await type(filter, ' owner:me');
    await page.waitForURL(/owner:me/);
    await row(page, 'Booking rules').waitFor();
    const there = page.url();
    await page.reload();
    await row(page, 'Booking rules').waitFor();
    assert.equal(page.url(), there);
    await page.getByRole('button', { name: 'Remove type:library' }).click();
    await row(page, 'Reservation service').waitFor();
    await page.goBack();
    await row(page, 'Reservation service').waitFor({ state: 'detached' });
  },
);

flow('sorting shows entities without the value last', async page => {
  await go(page, '/catalog?q=&cols=name,kind,lifecycle');
  await results(page)
    .filter({ hasText: /^\d+ results$/ })
    .waitFor();
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
  await rest(page);
  assert.deepEqual(await page.evaluate(() => [...globalThis.totals]), [total]);
  const [n] = /\d+/.exec(total);
  const lastRow = page.locator(`[role="row"][aria-rowindex="${Number(n) + 1}"]`);
  await becomes(async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    return lastRow.getByRole('link').count();
  }, 1);
  assert.equal(await lastRow.locator('[data-column="lifecycle"]').textContent(), '');
});

flow('rows are walked, selected and opened with keys', async page => {
  await go(page, '/catalog');
  await row(page, 'Android app').waitFor();
  const names = page.locator('[role="row"] [data-column="name"] a');
  await shortcut(page, 'j');
  await press(names.nth(0), 'j');
  await press(names.nth(1), 'x');
  await page.getByText('1 selected').waitFor();
  await press(names.nth(1), 'k');
  await press(names.nth(0), 'Enter');
  await page.getByRole('heading', { level: 1, name: 'Android app' }).waitFor();
});

flow('a star given in a list leaves the reader where they are', async page => {
  await go(page, '/catalog');
  const names = page.locator('[role="row"] [data-column="name"] a');
  const starred = page.locator('.rail').getByRole('link', { name: /android.app/i });
  await shortcut(page, 'j');
  await press(names.nth(0), 's');
  await starred.waitFor();
  await rest(page);
  await press(names.nth(0), 's');
  await count(starred, 0);
  await rest(page);
  await press(names.nth(0), 'j');
  await focused(names.nth(1));
});

flow('a column is made wider, stays so, and is given back', async page => {
  await go(page, '/catalog');
  const head = page.getByRole('columnheader', { name: 'Owner' });
  const width = async () => (await head.boundingBox()).width;
  const isNear = px => becomes(async () => Math.abs((await width()) - px) <= 2, true);
  const usual = await width();
  const edge = page.getByRole('button', { name: 'Width of Owner' });
  await edge.focus();
  for (let px = 16; px <= 48; px += 16) {
    await press(edge, 'ArrowRight');
    await isNear(usual + px);
  }
  await page.reload();
  await row(page, 'Android app').waitFor();
  await isNear(usual + 48);
  await edge.focus();
  await press(edge, 'Delete');
  await isNear(usual);
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
  await rest(page);
  await page.getByRole('link', { name: 'Definition' }).click();
  await page.locator('.operations li').first().waitFor();
  await page.getByRole('button', { name: 'Source' }).click();
  await page.locator('.cm-content').waitFor();
  await page.getByRole('link', { name: 'YAML' }).click();
  await page.getByRole('button', { name: 'JSON' }).click();
  await page.locator('.cm-content', { hasText: '"apiVersion"' }).waitFor();
  await page.waitForURL(/format=json/);
});

flow('a name and what it means stand in one line', async page => {
  await go(page, '/catalog/default/component/reservation-service');
  await page.locator('.facts .entity-link').first().waitFor();
  const offsets = () =>
    page.locator('.facts').evaluateAll(lists =>
      lists.flatMap(list =>
        [...list.querySelectorAll('dt')].flatMap(term => {
          const link = term.nextElementSibling?.querySelector(':scope > .entity-link > .truncate');
          if (!link) return [];
          const line = node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            const { top, height } = range.getBoundingClientRect();
            return top + height / 2;
          };
          return [Math.abs(line(term) - line(link)) <= 1];
        }),
      ),
    );
  await becomes(async () => new Set(await offsets()), new Set([true]));
});

flow('a form that is left has its draft when somebody comes back', async page => {
  await go(page, '/catalog-import/describe');
  await page.getByLabel('Name').fill('left-behind');
  await page.locator('.cm-content', { hasText: 'left-behind' }).waitFor();
  await go(page, '/catalog-import/describe');
  await page.getByText('what you had written before').waitFor();
  await becomes(() => page.getByLabel('Name').inputValue(), 'left-behind');
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await becomes(() => page.getByLabel('Name').inputValue(), '');
});

flow('two definitions are compared, and the address says which', async page => {
  await go(page, '/catalog/default/api/reservations-api/definition');
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('combobox', { name: 'Compare with another API' }).fill('ledger');
  await page
    .getByRole('option', { name: /ledger/i })
    .first()
    .click();
  await page.waitForURL(/compare=api:default/);
  await page.locator('.diff-line[data-sort="added"]').first().waitFor();
  await page.getByText('breaking', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Reference' }).click();
  await page.locator('.operations li').first().waitFor();
});

flow(
  'a new entity is described, and judged before there is a file',
  async page => {
    await go(page, '/catalog-import/describe');
    await page.getByLabel('Name').fill('a b');
    await press(page.getByLabel('Name'), 'Tab');
    await page.getByText('Letters and digits').waitFor();
    await page.getByLabel('Name').fill('shop-window');
    const owner = page.getByRole('combobox', { name: 'Owner' });
    await owner.fill('ticketing');
    await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
    await press(owner, 'Enter');
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

flow('what was found for another text cannot be chosen', async page => {
  await go(page, '/catalog-import/describe');
  const owner = page.getByRole('combobox', { name: 'Owner' });
  await owner.fill('box');
  await page.getByRole('option', { name: 'Box office', selected: true }).waitFor();
  const release = await hold(page, '**/by-query');
  await owner.fill('ticketing');
  await page.getByRole('option', { name: 'Searching…' }).waitFor();
  // It is taken as it was typed, and nothing else for it.
  await press(owner, 'Enter');
  await page.locator('.cm-content', { hasText: 'owner: ticketing' }).waitFor();
  release();
});

flow('a star keeps an entity at hand', async page => {
  await go(page, '/catalog/default/component/ledger-service');
  await shortcut(page, 's');
  await page.getByRole('button', { name: 'Remove the star' }).waitFor();
  await page
    .locator('.rail')
    .getByRole('link', { name: /ledger/i })
    .waitFor();
  // The portal has it before the page is left.
  await rest(page);
  await go(page, '/catalog?q=is:starred');
  await results(page).filter({ hasText: '1 result' }).waitFor();
  // In another browser, too.
  const other = await openPage(browser());
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
    await count(page.getByRole('button', { name: /^Unregister \d/ }), 0);
  },
  { allow: ['/locations/by-entity/'] },
);

flow('the palette finds entities, pages and actions', async page => {
  await go(page, '/');
  await choose(page, 'shop graph', /shop graphql/i);
  await page.waitForURL(/\/catalog\/default\/api\/shop-graphql/);
  await choose(page, 'dark theme', 'Dark theme');
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.reload();
  await page.locator('html[data-theme="dark"]').waitFor();
});

flow('without a network the palette finds what nobody looked for yet', async page => {
  const filled = page.waitForResponse(it => it.url().includes('/entities?limit=2000'));
  // What goes wrong before it is awaited is the fault to tell.
  filled.catch(() => undefined);
  await go(page, '/');
  await filled;
  await rest(page);
  await page.context().setOffline(true);
  await page.getByText('No network').waitFor();
  await page.keyboard.press('Control+k');
  await type(palette(page), 'ledger serv');
  await page.getByRole('option', { name: /ledger service/i, selected: true }).waitFor();
  await press(palette(page), 'Enter');
  await page.waitForURL(/\/catalog\/default\/component\/ledger-service/);
  await page.getByRole('heading', { level: 1, name: 'ledger-service' }).waitFor();
  await page.context().setOffline(false);
  await page.getByRole('heading', { level: 1, name: 'Ledger service' }).waitFor();
});

flow('the first page leads to what people do most', async page => {
  await go(page, '/');
  const quick = page.locator('.page-head');
  await quick.getByRole('link', { name: 'Register a location' }).waitFor();
  await quick.getByRole('link', { name: 'Create something' }).click();
  await page.getByRole('heading', { level: 1, name: 'Create' }).waitFor();
});

flow('the head of an entity says how it is and when it changed', async page => {
  await go(page, SERVICE);
  const summary = page.locator('.summary');
  await summary.getByText('no errors').waitFor();
  await summary.locator('time').waitFor();
  await summary.getByText(/^Changed/).waitFor();
});

flow('what is starred stays in reach when the navigation is folded', async page => {
  await go(page, '/catalog/default/component/seat-map-renderer');
  const link = page.locator('.rail .entity-link[href$="/seat-map-renderer"]');
  await shortcut(page, 's');
  await link.waitFor();
  await shortcut(page, '[');
  await page.locator('.shell[data-collapsed]').waitFor();
  await becomes(async () => (await link.boundingBox()).width <= 40, true);
  await link.click();
  await shortcut(page, 's');
  await count(link, 0);
});

flow('the palette leads to parts of pages and changes looks', async page => {
  await go(page, '/');
  await choose(page, 'held deletions', 'Held deletions');
  await page.waitForURL(/\/admin\/held/);
  await choose(page, 'compact rows', 'Compact rows');
  await page.locator('html[data-density="compact"]').waitFor();
  await choose(page, 'normal height', 'Rows of normal height');
  await count(page.locator('html[data-density]'), 0);
});

flow('no number is shown beside a filter that does not hold for the words', async page => {
  await go(page, '/catalog?q=ledger');
  const counts = () => page.locator('.browser-facets .count').allTextContents();
  await becomes(async () => (await counts()).length > 0, true);
  await becomes(async () => (await counts()).join(''), '');
  await page.getByRole('combobox', { name: 'Filter the list' }).fill('kind:component');
  await becomes(async () => /\d/.test((await counts()).join('')), true);
});

flow(
  'who may not see errors is not told that there are none',
  async page => {
    const refusal = { error: { name: 'NotAllowedError', message: 'not for you' } };
    await page.route('**/ingestion/**', route =>
      route.fulfill({ status: 403, body: JSON.stringify(refusal) }),
    );
    await go(page, '/');
    await page.getByText('is not shown to you').waitFor();
    await count(page.getByText('every file could be read, and everything'), 0);
  },
  { allow: ['/ingestion/'] },
);

flow('the help lists the keys of the page', async page => {
  await go(page, '/catalog');
  await shortcut(page, '?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.getByText('Next row').first().waitFor();
  await focusWithin(help);
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await shortcut(page, 'g', 'o');
  await page.getByRole('heading', { level: 1, name: 'Organization' }).waitFor();
});

flow('the graph is walked with arrow keys', async page => {
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  const node = page.locator('.react-flow__node', { hasText: 'Reservation service' }).first();
  await node.click();
  const selected = page.locator('.react-flow__node.selected');
  await press(selected.filter({ hasText: 'Reservation service' }), 'ArrowRight');
  // Enter opens where the keys have led.
  const next = selected.filter({ hasNotText: 'Reservation service' });
  await focused(next);
  const name = await next.locator('strong').textContent();
  await press(next, 'Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
});

flow('the graph as a list has every edge', async page => {
  await go(page, '/catalog-graph?root=component:default/reservation-service');
  const told = await page.getByText(/entities, \d+ edges/).textContent();
  const n = Number(/(\d+) edges/.exec(told)[1]);
  await page.getByRole('button', { name: 'List' }).click();
  await count(page.locator('tbody tr'), n);
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

/** The files that a page wants before it begins. */
async function filesOf(path) {
  const html = await fetch(portal.url + path).then(answer => answer.text());
  return html.match(/(src|href)="[^"]*\/static\//g);
}

flow('at a second visit an entity comes with its page, which is made of few files', async page => {
  await go(page, '/catalog');
  await page.route('**/by-name/**', () => undefined);
  await page.goto(portal.url + SERVICE);
  await page.getByRole('heading', { level: 1, name: 'Reservation service' }).waitFor();
  const files = await filesOf(SERVICE);
  assert.ok(files.length <= 12, `${files.length} files`);
});

flow('at a second visit the catalog comes with its page', async page => {
  await go(page, '/catalog');
  await page.route(/by-query|entity-facets/, () => undefined);
  await page.reload();
  await row(page, 'Android app').waitFor();
  await page.getByRole('checkbox', { name: 'library' }).waitFor();
});
