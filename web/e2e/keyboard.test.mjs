// The ten most common tasks, each with nothing but keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { visit } from './pages.mjs';
import { launch, openPage, startPortal } from './portal.mjs';

let portal;
let browser;

before(async () => {
  [portal, browser] = await Promise.all([startPortal(), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
});

/** More stops than any page has. */
const MAX_STOPS = 300;

/** Presses Tab until something has the focus. */
async function tabTo(page, target) {
  await target.first().waitFor();
  for (let n = 0; n < MAX_STOPS; n += 1) {
    if (await target.evaluateAll(found => found.includes(document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${target}`);
}

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

async function choose(page, target) {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

/** Waits until something has the focus. */
async function focused(target) {
  await target.waitFor();
  await target.page().waitForFunction(e => e === document.activeElement, await target.elementHandle());
}

const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
const SERVICE = '/catalog/default/component/reservation-service';

const TASKS = [
  [
    'find a service by its name',
    '/',
    async page => {
      await press(page, 'Control+k');
      await page.getByRole('combobox', { name: 'Search and commands' }).waitFor();
      await page.keyboard.type('reservation service');
      await page
        .getByRole('option', { name: /reservation service/i })
        .first()
        .waitFor();
      await press(page, 'Enter');
      await heading(page, 'Reservation service');
    },
  ],
  [
    'list the libraries, and open one',
    '/catalog',
    async page => {
      await press(page, '/', 'End');
      await page.keyboard.type(' type:library');
      await page.getByText('6 results').waitFor();
      await page.getByRole('row').filter({ hasText: 'Booking rules' }).waitFor();
      await press(page, 'Escape');
      await choose(page, page.getByRole('row').getByRole('link', { name: 'Booking rules' }));
      await heading(page, 'Booking rules');
    },
  ],
  [
    'see who owns a service',
    SERVICE,
    async page => {
      await choose(page, page.locator('.summary').getByRole('link', { name: 'Ticketing' }));
      await heading(page, 'Ticketing');
    },
  ],
  [
    'read the definition of an API',
    '/catalog/default/api/reservations-api',
    async page => {
      await choose(page, page.getByRole('link', { name: 'Definition' }));
      await page.locator('.operations li').first().waitFor();
    },
  ],
  [
    'see what a service depends on',
    SERVICE,
    async page => {
      await choose(page, page.getByRole('link', { name: 'Dependencies' }));
      await page.locator('.react-flow__node').first().waitFor();
    },
  ],
  [
    'keep a service at hand',
    SERVICE,
    async page => {
      await press(page, 's');
      await page.getByRole('button', { name: 'Remove the star' }).waitFor();
    },
  ],
  [
    'start something new',
    '/',
    async page => {
      await press(page, 'g', 'n');
      await heading(page, 'Create');
      await choose(page, page.getByRole('link', { name: 'Rust service' }));
      await heading(page, 'Rust service');
      await tabTo(page, page.locator('form input').first());
    },
  ],
  [
    'register a file',
    '/catalog-import',
    async page => {
      await tabTo(page, page.getByLabel('URL of the file'));
      await page.keyboard.type('http://127.0.0.1:1/catalog-info.yaml');
      await press(page, 'Enter');
      await page.getByText('cannot be registered yet').waitFor();
    },
  ],
  [
    'find out why something cannot be unregistered',
    SERVICE,
    async page => {
      await choose(page, page.getByRole('button', { name: 'More actions' }));
      // A menu moves the focus a moment after the key, and Enter chooses what has the focus.
      const unregister = page.getByRole('menuitem', { name: 'Unregister…' });
      await focused(page.getByRole('menuitem').first());
      await press(page, 'End');
      await focused(unregister);
      await press(page, 'Enter');
      await page.getByRole('dialog').getByText('was not registered here').waitFor();
      await press(page, 'Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    },
  ],
  [
    'work in the dark',
    '/',
    async page => {
      await press(page, 'g', 's');
      await heading(page, 'Settings');
      await choose(page, page.getByRole('button', { name: 'Dark' }));
      await page.locator('html[data-theme="dark"]').waitFor();
    },
  ],
];

for (const [name, path, run] of TASKS) {
  test(`with keys: ${name}`, async () => {
    const { page, faults, close } = await openPage(browser, {
      allow: ['dryRun', '/locations/by-entity/'],
    });
    try {
      await visit(page, portal.url + path);
      await run(page);
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });
}
