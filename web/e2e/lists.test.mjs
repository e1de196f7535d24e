// Selecting many entities, what the palette knows of a page, and what is loaded when it is needed.
import assert from 'node:assert/strict';
import { becomes, count, focusWithin, press, rest, shortcut, type } from './browser.mjs';
import { fitsEverywhere, suite } from './suite.mjs';

const { flow, go } = suite();

const SERVICE = '/catalog/default/component/reservation-service';
const selected = (page, n) => page.locator('.selection').getByText(`${n} selected`).waitFor();
const boxes = page => page.getByRole('row').getByRole('checkbox', { name: /^Select (?!all|none)/ });
const palette = page => page.getByRole('combobox', { name: 'Search and commands' });

/** Looks for something in the palette, and takes it when it is what Enter takes. */
async function choose(page, words, name) {
  await count(palette(page), 0);
  await shortcut(page, 'Control+k');
  await type(palette(page), words);
  await page.getByRole('option', { name, selected: true }).waitFor();
  await press(palette(page), 'Enter');
}

flow('all that a list has is selected at once, and none of it', async page => {
  await go(page, '/catalog');
  await page.getByRole('checkbox', { name: 'Select all 48' }).click();
  await selected(page, 48);
  await page.getByRole('checkbox', { name: 'Select none' }).waitFor();
  await boxes(page).first().uncheck();
  await selected(page, 47);
  await page.getByRole('checkbox', { name: 'Select all 48' }).click();
  await selected(page, 48);
  await page.getByRole('checkbox', { name: 'Select none' }).click();
  await count(page.locator('.selection'), 0);
});

flow('the rows between two are selected with Shift, by mouse and by keys', async page => {
  await go(page, '/catalog');
  await boxes(page).nth(1).check();
  await selected(page, 1);
  await boxes(page)
    .nth(5)
    .click({ modifiers: ['Shift'] });
  await selected(page, 5);
  const isChecked = at => boxes(page).nth(at).isChecked();
  await becomes(() => Promise.all([0, 1, 5, 6].map(isChecked)), [false, true, true, false]);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await count(page.locator('.selection'), 0);
  const names = page.locator('[role="row"] [data-column="name"] a');
  await boxes(page).nth(0).check();
  await selected(page, 1);
  await names.nth(0).focus();
  await press(names.nth(0), 'j');
  await press(names.nth(1), 'j');
  await press(names.nth(2), 'X');
  await selected(page, 3);
});

flow('going back finds what was selected; another way to the list does not', async page => {
  await go(page, '/catalog?q=kind:domain');
  await boxes(page).nth(0).check();
  await boxes(page).nth(2).check();
  await selected(page, 2);
  await page.locator('[role="row"] [data-column="name"] a').nth(1).click();
  await page.waitForURL(/\/domain\//);
  await rest(page);
  await page.goBack();
  await selected(page, 2);
  await becomes(() => boxes(page).nth(2).isChecked(), true);
  await page.getByRole('link', { name: 'APIs' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'APIs' }).waitFor();
  await rest(page);
  await count(page.locator('.selection'), 0);
  await page.locator('.rail').getByRole('link', { name: 'Catalog' }).click();
  await page.getByRole('heading', { level: 1, name: 'Catalog' }).waitFor();
  await rest(page);
  await count(page.locator('.selection'), 0);
});

flow(
  'the palette does with an entity what its page can',
  async page => {
    await go(page, SERVICE);
    await shortcut(page, 'Control+k');
    await page.getByRole('option', { name: 'Copy the reference' }).waitFor();
    await press(palette(page), 'Escape');
    await choose(page, 'copy', 'Copy the reference');
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await becomes(copied, 'component:default/reservation-service');
    await choose(page, 'star', 'Star');
    await page.getByRole('button', { name: 'Remove the star' }).waitFor();
    await choose(page, 'remove the star', 'Remove the star');
    await page.getByRole('button', { name: 'Star', exact: true }).waitFor();
    await choose(page, 'explain', 'Explain where its values come from');
    await page.waitForURL(/reservation-service\/explain/);
    await choose(page, 'unregister', 'Unregister…');
    const dialog = page.getByRole('dialog');
    await focusWithin(dialog);
    await page.keyboard.press('Escape');
    await count(dialog, 0);
    await choose(page, 'change it', 'Change it with a template');
    await page.waitForURL(/\/create\?entity=component/);
    // What belonged to the page has gone with it.
    await shortcut(page, 'Control+k');
    await page.getByRole('option', { name: 'Settings' }).waitFor();
    await count(page.getByRole('option', { name: 'Copy the reference' }), 0);
  },
  { allow: ['/locations/by-entity/'] },
);

flow('the palette has every page for administrators and every setting of looks', async page => {
  await go(page, '/');
  await choose(page, 'failed sign', 'Failed sign-ins');
  await page.waitForURL(/\/admin\/failed-sign-ins/);
  await page.getByRole('heading', { level: 1, name: 'Failed sign-ins' }).waitFor();
  await rest(page);
  const parts = await page.locator('.admin-nav a').allTextContents();
  assert.ok(parts.length >= 10, parts.join());
  await shortcut(page, 'Control+k');
  for (const part of parts) await page.getByRole('option', { name: part, exact: true }).waitFor();
  await type(palette(page), 'appearance');
  await count(page.getByRole('option'), 7);
  await press(palette(page), 'Escape');
  await choose(page, 'high contrast', 'High contrast');
  await page.locator('html[data-contrast="more"]').waitFor();
  await choose(page, 'normal contrast', 'Normal contrast');
  await count(page.locator('html[data-contrast]'), 0);
});

flow('the first page has its data before it asks for any', async page => {
  const asked = [];
  page.on('request', request => asked.push(new URL(request.url()).pathname));
  // Once there is a session that the page knows of.
  await go(page, '/');
  asked.length = 0;
  await page.reload();
  await page.locator('.home-kinds a').first().waitFor();
  await rest(page);
  const own = asked.filter(path => /by-query|entity-facets|ingestion/.test(path));
  assert.deepEqual(own, []);
  await page.getByText('Owned by me and my groups').waitFor();
});

flow('what waits for somebody who may decide is told on the first page', async page => {
  const list = items => route => route.fulfill({ json: { items } });
  await page.route('**/ingestion/held', list([{ provider: 'a', approved: false, sample: [] }]));
  await page.route(
    '**/ingestion/conflicts',
    list([{ entityRef: 'a:b/c' }, { entityRef: 'a:b/d' }]),
  );
  // The page has the true ones; this is another look at them.
  await go(page, '/settings');
  await page.locator('.rail').getByRole('link', { name: 'Home' }).click();
  await page.getByRole('link', { name: '1 source wants to remove much' }).waitFor();
  await page.getByRole('link', { name: '2 entities are claimed by two sources' }).click();
  await page.waitForURL(/\/admin\/conflicts/);
});

flow('what an entity is stands beside a link to it, until the pointer goes', async page => {
  await go(page, SERVICE);
  const link = page.locator('.facts').getByRole('link', { name: 'Ticketing' }).first();
  const card = page.locator('.hover-card');
  await link.hover();
  await card.getByText(/^Group/).waitFor();
  // It stays for who reads it.
  await card.hover();
  await card.getByText(/^Group/).waitFor();
  await page.keyboard.press('Escape');
  await count(card, 0);
  await link.click();
  await page.getByRole('heading', { level: 1, name: 'Ticketing' }).waitFor();
  await count(card, 0);
});

flow('a menu that is opened with keys begins at its first item', async page => {
  await go(page, SERVICE);
  const more = page.getByRole('button', { name: 'More actions' });
  await more.focus();
  await press(more, 'Enter');
  const item = page.getByRole('menuitem', { name: 'Copy the reference' });
  await press(item, 'ArrowDown');
  await press(page.getByRole('menuitem', { name: 'Change it with a template' }), 'Escape');
  await press(more, 'Enter');
  await page.getByRole('menuitem').first().waitFor();
});

flow('lists with a selection fit every screen', async page => {
  await go(page, '/catalog');
  await page.getByRole('checkbox', { name: 'Select all 48' }).click();
  await selected(page, 48);
  await fitsEverywhere(page);
});
