// The ten most common tasks, each with nothing but keys.
import assert from 'node:assert/strict';
import { count, focusWithin, hasFocus, press, shortcut, type } from './browser.mjs';
import { suite } from './suite.mjs';

const { flow, go } = suite();

/** More stops than any page has. */
const MAX_STOPS = 300;

/** Presses Tab until something has the focus. */
async function tabTo(page, target) {
  await target.first().waitFor();
  for (let n = 0; n < MAX_STOPS; n += 1) {
    if (await hasFocus(target)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not lead to ${target}`);
}

async function choose(page, target) {
  await tabTo(page, target);
  await press(target, 'Enter');
}

const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
const SERVICE = '/catalog/default/component/reservation-service';

const TASKS = [
  [
    'find a service by its name',
    '/',
    async page => {
      const palette = page.getByRole('combobox', { name: 'Search and commands' });
      await shortcut(page, 'Control+k');
      await type(palette, 'reservation service');
      await page.getByRole('option', { name: /reservation service/i, selected: true }).waitFor();
      await press(palette, 'Enter');
      await heading(page, 'Reservation service');
    },
  ],
  [
    'list the libraries, and open one',
    '/catalog',
    async page => {
      const filter = page.getByRole('combobox', { name: 'Filter the list' });
      await shortcut(page, '/');
      await press(filter, 'End');
      await type(filter, ' type:library');
      await page.getByText('6 results').waitFor();
      await page.getByRole('row').filter({ hasText: 'Booking rules' }).waitFor();
      await press(filter, 'Escape');
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
      await shortcut(page, 's');
      await page.getByRole('button', { name: 'Remove the star' }).waitFor();
    },
  ],
  [
    'start something new',
    '/',
    async page => {
      await shortcut(page, 'g', 'n');
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
      const url = page.getByLabel('URL of the file');
      await tabTo(page, url);
      await type(url, 'http://127.0.0.1:1/catalog-info.yaml');
      await press(url, 'Enter');
      await page.getByText('cannot be registered yet').waitFor();
    },
  ],
  [
    'find out why something cannot be unregistered',
    SERVICE,
    async page => {
      await choose(page, page.getByRole('button', { name: 'More actions' }));
      await press(page.getByRole('menuitem').first(), 'End');
      await press(page.getByRole('menuitem', { name: 'Unregister…' }), 'Enter');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('was not registered here').waitFor();
      await focusWithin(dialog);
      await page.keyboard.press('Escape');
      await count(dialog, 0);
    },
  ],
  [
    'work in the dark',
    '/',
    async page => {
      await shortcut(page, 'g', 's');
      await heading(page, 'Settings');
      await choose(page, page.getByRole('button', { name: 'Dark' }));
      await page.locator('html[data-theme="dark"]').waitFor();
    },
  ],
];

for (const [name, path, run] of TASKS) {
  flow(
    `with keys: ${name}`,
    async page => {
      await go(page, path);
      await run(page);
    },
    { allow: ['dryRun', '/locations/by-entity/'] },
  );
}
