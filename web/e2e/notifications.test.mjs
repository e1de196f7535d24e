// What people are told: seen at once, read, kept, found, and silenced.
import assert from 'node:assert/strict';
import { becomes, count, press, rest, shortcut, visit } from './browser.mjs';
import { suite } from './suite.mjs';

const { portal, flow } = suite();

/** Each flow has a topic of its own. */
async function tellAll(topic, ...titles) {
  for (const title of titles) await portal.tell({ topic, title });
}

/** The titles on the page, in their order. */
const titles = page => page.locator('.notifications li strong').allTextContents();
const open = (page, query) => visit(page, `${portal.url}/notifications?${query}`);
const row = (page, title) => page.locator('.notifications > li').filter({ hasText: title });
const which = (page, name) => page.getByRole('button', { name, exact: true });

flow('what comes while a page is open is counted beside it', async page => {
  const socket = page.waitForEvent('websocket');
  await visit(page, `${portal.url}/`);
  const link = page.getByRole('link', { name: /^Notifications/ });
  await becomes(() => link.innerText(), 'Notifications');
  const asked = (await socket).waitForEvent('framesent', it => it.payload.includes('subscribe'));
  await asked.catch(() => undefined);
  await portal.tell({ title: 'The build is red', topic: 'live', link: '/catalog?q=kind%3Aapi' });
  await link.getByText('1 unread').waitFor();
  await link.click();
  await page.getByRole('heading', { level: 1, name: 'Notifications' }).waitFor();
  await page.evaluate(() => {
    globalThis.isSame = true;
  });
  await page.getByRole('link', { name: 'The build is red' }).click();
  await page.getByRole('heading', { level: 1, name: 'Catalog' }).waitFor();
  assert.ok(await page.evaluate(() => globalThis.isSame), 'the page was not loaded again');
  assert.match(page.url(), /q=kind%3Aapi|q=kind:api/);
  await becomes(() => link.innerText(), 'Notifications');
  await open(page, 'show=read&topic=live');
  await becomes(() => titles(page), ['The build is red']);
});

flow('notifications are marked together, and that is undone', async page => {
  await tellAll('bulk', 'one', 'two', 'three');
  await open(page, 'topic=bulk&sort=oldest');
  await becomes(() => titles(page), ['one', 'two', 'three']);
  await row(page, 'one').getByRole('checkbox').check();
  await row(page, 'three').getByRole('checkbox').check();
  await page.getByText('2 selected').waitFor();
  await page.getByRole('button', { name: 'Mark as read', exact: true }).first().click();
  await becomes(() => titles(page), ['two']);
  const told = page.getByRole('status').filter({ hasText: '2 marked as read' });
  await told.getByRole('button', { name: 'Undo' }).click();
  await becomes(() => titles(page), ['one', 'two', 'three']);
  await count(told, 0);
  await page.getByLabel('Select all of this page').check();
  await page.getByRole('button', { name: 'Save', exact: true }).first().click();
  await which(page, 'Saved').click();
  await becomes(() => titles(page), ['one', 'two', 'three']);
  await row(page, 'two').getByRole('button', { name: 'Stop saving' }).click();
  await becomes(() => titles(page), ['one', 'three']);
  await which(page, 'Unread').click();
  await page.getByRole('button', { name: 'Mark these as read' }).click();
  await page.getByText('No notification matches').waitFor();
  await which(page, 'Read').click();
  await becomes(() => titles(page), ['one', 'two', 'three']);
});

flow('notifications are found by words, severity and topic, in the address', async page => {
  await portal.tell({ topic: 'found', title: 'Disk is full', severity: 'critical' });
  await portal.tell({ topic: 'found', title: 'A new version', severity: 'low' });
  await portal.tell({ topic: 'found', title: 'Certificate', description: 'ends on Friday' });
  await open(page, 'topic=found&sort=severity');
  await becomes(() => titles(page), ['Disk is full', 'Certificate', 'A new version']);
  await page.getByLabel('Severity').selectOption('normal');
  await becomes(() => titles(page), ['Disk is full', 'Certificate']);
  await page.getByLabel('Find in title, text and link').fill('friday');
  await becomes(() => titles(page), ['Certificate']);
  await becomes(async () => new URL(page.url()).searchParams.get('find'), 'friday');
  await page.reload();
  await rest(page);
  await becomes(() => titles(page), ['Certificate']);
  await page.getByLabel('Find in title, text and link').fill('nothing like it');
  await page.getByRole('button', { name: 'Remove the filters' }).click();
  await which(page, 'All').click();
  await page.getByLabel('Topic').selectOption('found');
  await becomes(() => titles(page), ['Certificate', 'A new version', 'Disk is full']);
});

flow('a list of several pages is read page by page', async page => {
  const all = Array.from({ length: 53 }, (_, at) => `number ${at}`);
  await tellAll('many', ...all);
  await open(page, 'topic=many&sort=oldest');
  await page.getByText('53 notifications').waitFor();
  await becomes(() => titles(page), all.slice(0, 50));
  await page.getByRole('button', { name: 'Next' }).click();
  await becomes(() => titles(page), all.slice(50));
  await page.goBack();
  await becomes(() => titles(page), all.slice(0, 50));
  await page.goForward();
  await page.getByLabel('Select all of this page').check();
  await page.getByRole('button', { name: 'Mark as read', exact: true }).first().click();
  await page.getByRole('button', { name: 'Go to the first page' }).click();
  await becomes(() => titles(page), all.slice(0, 50));
});

flow('notifications are gone through with keys', async page => {
  await tellAll('keys', 'first', 'second', 'third');
  await open(page, 'topic=keys&sort=oldest');
  await shortcut(page, 'j');
  await press(row(page, 'first'), 'j');
  await press(row(page, 'second'), 'e');
  // The next one takes its place.
  await becomes(() => titles(page), ['first', 'third']);
  await press(row(page, 'third'), 's');
  await row(page, 'third').getByRole('button', { name: 'Stop saving' }).waitFor();
  await press(row(page, 'third'), 'k');
  await press(row(page, 'first'), 'x');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Mark as read').waitFor();
});

flow(
  'marks that the portal does not take are told',
  async page => {
    await tellAll('broken', 'stays');
    await open(page, 'topic=broken');
    const refusal = { error: { name: 'Error', message: 'the disk is on fire' } };
    await page.route('**/notifications/update', route =>
      route.fulfill({ status: 500, body: JSON.stringify(refusal) }),
    );
    await row(page, 'stays').getByRole('button', { name: 'Mark as read' }).click();
    await page.getByRole('alert').filter({ hasText: 'the disk is on fire' }).waitFor();
    await becomes(() => titles(page), ['stays']);
  },
  { allow: ['/update'] },
);

flow('links of others are told from pages, and nothing runs', async page => {
  await portal.tell({ topic: 'links', title: 'Elsewhere', link: 'https://example.com/a?b=c' });
  await portal.tell({ topic: 'links', title: 'Of the API', link: '/api/catalog/entities' });
  await portal.tell({ topic: 'links', title: '<img src=x onerror=alert(1)>' });
  await open(page, 'topic=links&sort=oldest');
  const links = page.locator('.notifications a');
  await becomes(
    () => links.evaluateAll(all => all.map(it => [it.getAttribute('href'), it.target, it.rel])),
    [['https://example.com/a?b=c', '_blank', 'noreferrer']],
  );
  await row(page, '<img src=x').waitFor();
});

flow('who tells too much is silenced, and heard again', async page => {
  await tellAll('noise', 'before');
  await visit(page, `${portal.url}/settings`);
  const card = page.locator('.card').filter({ hasText: 'Notifications' });
  const topic = card.getByLabel('noise', { exact: true });
  const origin = card.getByLabel('builds', { exact: true });
  const arrives = async title => (await portal.tell({ title, topic: 'noise' })).length === 1;
  // A box shows what the portal has, which may take a moment.
  await topic.click();
  await becomes(() => topic.isChecked(), false);
  await rest(page);
  await becomes(() => arrives('unheard'), false);
  await origin.click();
  await becomes(() => topic.isDisabled(), true);
  await becomes(() => origin.isChecked(), false);
  await origin.click();
  await rest(page);
  await becomes(() => topic.isChecked(), true);
  await becomes(() => arrives('heard again'), true);
});
