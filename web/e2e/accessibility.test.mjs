// Every page in both themes and three widths: no serious or critical fault, no error, no scroll sideways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, openPage } from './browser.mjs';
import { PAGES } from './pages.mjs';
import { WITH_ACCESS } from './portal.mjs';
import { fitsAll, suite } from './suite.mjs';

const { browser, go } = suite({
  begin: () => WITH_ACCESS,
  ready: async portal => {
    for (const severity of ['critical', 'high', 'normal', 'low']) {
      const link = severity === 'high' ? '/catalog' : undefined;
      await portal.tell({ title: `A ${severity} one`, description: 'In words.', severity, link });
    }
  },
});

for (const [theme, width] of [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
  ['light', 2560],
  ['dark', 2560],
]) {
  test(`pages in ${theme} at ${width}`, async t => {
    const { page, faults, close } = await openPage(browser(), {
      theme,
      width,
      allow: ['reservation-servise', '/sessions/gone', '/role/default/nobody'],
    });
    for (const [name, path] of PAGES) {
      await t.test(name, async () => {
        await go(page, path);
        await fitsAll(page);
        await count(page.locator('h1'), 1);
        assert.deepEqual(faults.splice(0), []);
      });
    }
    await close();
  });
}
