// How fast the app is in a browser with a processor four times slower, on the example catalog or, with
// PORTAL=…, on a portal that is running. Fails above the budget with --check.
import { launch, openPage, rest } from './browser.mjs';
import { startPortal } from './portal.mjs';

const PAGES = [
  ['home', '/'],
  ['catalog', '/catalog'],
  ['component', '/catalog/default/component/reservation-service'],
];
const RUNS = 5;
const SLOWER = 4;
const BUDGET = { lcp: 1500, shift: 0.05, files: 12, filter: 100, palette: 50 };

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Largest paint, layout shift and number of files of one visit. */
async function load(page, url) {
  let files = 0;
  const count = request => {
    if (!request.url().includes('/api/')) files += 1;
  };
  page.on('request', count);
  await page.goto(url);
  await rest(page);
  page.off('request', count);
  const seen = await page.evaluate(
    () =>
      new Promise(resolve => {
        const found = { lcp: 0, shift: 0 };
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) found.lcp = entry.startTime;
        }).observe({ type: 'largest-contentful-paint', buffered: true });
        new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            if (!entry.hadRecentInput) found.shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => resolve(found), 100);
      }),
  );
  return { ...seen, files };
}

/** Milliseconds from a key to the next painted change of `selector`. */
async function react(page, key, selector) {
  await page.evaluate(target => {
    globalThis.reaction = new Promise(resolve => {
      let start = 0;
      addEventListener(
        'keydown',
        event => {
          start = event.timeStamp;
        },
        { capture: true, once: true },
      );
      new MutationObserver((_, observer) => {
        if (!document.querySelector(target)) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      }).observe(document.body, { childList: true, subtree: true, attributes: true });
    });
  }, selector);
  await page.keyboard.press(key);
  return page.evaluate(() => globalThis.reaction);
}

const own = process.env.PORTAL ? null : await startPortal();
const base = process.env.PORTAL ?? own.url;
const browser = await launch();
const rows = [];
const over = [];
const note = (name, values, limits) => {
  rows.push({ page: name, ...values });
  for (const [key, limit] of Object.entries(limits)) {
    if (values[key] > limit) over.push(`${name}: ${key} ${values[key]} above ${limit}`);
  }
};
try {
  const { page, close } = await openPage(browser);
  await load(page, base);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  for (const [name, path] of PAGES) {
    await devtools.send('Network.clearBrowserCache');
    const visits = [];
    for (let run = 0; run < RUNS; run += 1) {
      await devtools.send('Network.clearBrowserCache');
      visits.push(await load(page, base + path));
    }
    const lcp = Math.round(median(visits.map(visit => visit.lcp)));
    const shift = Number(median(visits.map(visit => visit.shift)).toFixed(3));
    note(name, { lcp, shift, files: Math.max(...visits.map(visit => visit.files)) }, BUDGET);
  }
  await load(page, `${base}/catalog`);
  const down = await react(page, 'j', '[role="row"][data-active]');
  note('next row', { filter: Math.round(down) }, BUDGET);
  await page.keyboard.press('Control+k');
  await page.locator('[cmdk-input]').waitFor();
  await page.keyboard.type('res');
  await page.locator('[cmdk-item]').first().waitFor();
  const found = await react(page, 'e', '[cmdk-item]');
  note('palette', { palette: Math.round(found) }, BUDGET);
  await close();
} finally {
  await browser.close();
  await own?.stop();
}
console.table(rows);
if (over.length > 0) {
  console.error(over.join('\n'));
  if (process.argv.includes('--check')) process.exitCode = 1;
}
