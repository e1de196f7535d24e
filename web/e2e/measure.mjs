// How fast the app is in a browser with a processor four times slower: on the example catalog, and on
// 100,000 entities. Fails above the budget with --check. PORTAL=… measures a portal that is running.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, openPage, rest } from './browser.mjs';
import { root, startPortal } from './portal.mjs';
import { load, median, reaction } from './timing.mjs';

const RUNS = 5;
const SLOWER = 4;
const MANY = 100_000;
/** A network as far away as a data centre: milliseconds there and back. */
const AWAY_MS = 40;
const BUDGET = { lcp: 1500, 'lcp, 40 ms away': 1500, shift: 0.05, files: 12, answer: 100 };
/** The palette shows what it finds as soon as a key is pressed. */
const PALETTE = { ...BUDGET, shown: 50 };

/** Many entities as files, and a portal that has read them. */
async function startHuge() {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-many-'));
  const xtask = process.env.XTASK ?? join(root, 'target/release/xtask');
  execFileSync(xtask, ['gen-catalog', '--entities', String(MANY), '--out', folder]);
  const portal = await startPortal(
    {
      catalog: {
        rules: [{ allow: ['Component', 'API', 'Resource', 'System', 'Domain', 'Group', 'User'] }],
        locations: Array.from({ length: 10 }, (_, n) => ({
          type: 'file',
          target: join(folder, `entities-00${n}?.yaml`),
        })),
      },
      // A minute for each 10,000 entities, whatever else the machine does.
    },
    {},
    { entities: MANY, patience: 6 },
  );
  const stop = async () => {
    await portal.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...portal, stop };
}

/** The last component of the portal by name that has dependencies: no list begins with it. */
async function component(base) {
  const session = await fetch(`${base}/api/auth/guest/refresh`).then(it => it.json());
  const query = 'filter=kind=component,relations.dependsOn&limit=1&orderField=metadata.name,desc';
  const page = await fetch(`${base}/api/catalog/entities/by-query?${query}`, {
    headers: { Authorization: `Bearer ${session.backstageIdentity.token}` },
  }).then(it => it.json());
  return page.items[0].metadata;
}

const network = (devtools, latency) =>
  devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });

/** Each page, loaded with nothing in the browser's cache. */
async function measurePages(page, devtools, base, note) {
  const { name } = await component(base);
  const address = `/catalog/default/component/${name}`;
  const pages = { home: '/', catalog: '/catalog', component: address };
  for (const [title, path] of Object.entries(pages)) {
    const visits = async latency => {
      await network(devtools, latency);
      const seen = [];
      for (let run = 0; run < RUNS; run += 1) {
        await devtools.send('Network.clearBrowserCache');
        seen.push(await load(page, base + path));
      }
      return seen;
    };
    const near = await visits(0);
    const far = await visits(AWAY_MS);
    note(title, {
      lcp: Math.round(median(near.map(visit => visit.lcp))),
      'lcp, 40 ms away': Math.round(median(far.map(visit => visit.lcp))),
      shift: Number(median(near.map(visit => visit.shift)).toFixed(3)),
      files: Math.max(...near.map(visit => visit.files)),
    });
  }
  await network(devtools, 0);
}

/** What people do most often, and when they see what they wanted. */
async function measureDoings(page, base, note) {
  const { name, title } = await component(base);
  const keyboard = page.keyboard;
  const doing = async (what, act, wanted, budget) => {
    const seen = await reaction(page, act, wanted);
    note(what, seen, budget);
    await rest(page);
  };
  await load(page, `${base}/catalog`);
  await doing('next row', () => keyboard.press('j'), { selector: '[role="row"][data-active]' });
  const facet = page.getByRole('checkbox', { name: 'library' });
  await doing('a filter by a click', () => facet.click(), {
    selector: '[aria-label="Remove type:library"]',
  });
  await load(page, `${base}/catalog`);
  const column = page.getByRole('columnheader', { name: 'Owner' }).getByRole('button').first();
  await doing('sorting', () => column.click(), {
    selector: '[role="columnheader"][aria-sort="ascending"]',
    text: 'Owner',
  });
  await keyboard.press('/');
  const first = name.split('-')[0];
  await doing('a filter by words', () => keyboard.type(` ${first}`), {
    selector: '[role="row"] [data-column="name"] a',
    text: first,
  });
  await load(page, `${base}/catalog`);
  const row = page.locator('[role="row"] [data-column="name"] a').first();
  const opened = await row.textContent();
  await doing('opening an entity', () => row.click(), { selector: 'h1', text: opened });
  await keyboard.press('Control+k');
  await page.locator('[cmdk-input]').waitFor();
  await keyboard.type(name.slice(0, 3));
  await page.locator('[cmdk-item]').first().waitFor();
  await doing(
    'a key in the palette',
    () => keyboard.press(name[3]),
    { selector: '[cmdk-item]', text: (title ?? name).slice(0, 4) },
    PALETTE,
  );
  await keyboard.press('Escape');
  await load(page, `${base}/catalog-graph?root=component:default/${name}`);
  const node = page.locator('.react-flow__node').first();
  await node.waitFor();
  await doing('choosing in the graph', () => node.click(), {
    selector: '.react-flow__node.selected',
  });
}

const rows = [];
const over = [];
async function measure(catalog, base) {
  const note = (what, values, budget = BUDGET) => {
    rows.push({ catalog, what, ...values });
    for (const [key, limit] of Object.entries(budget)) {
      if (values[key] > limit)
        over.push(`${catalog}, ${what}: ${key} ${values[key]} above ${limit}`);
    }
  };
  const browser = await launch();
  try {
    const { page, close } = await openPage(browser);
    await load(page, base);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await measurePages(page, devtools, base, note);
    await measureDoings(page, base, note);
    await close();
  } finally {
    await browser.close();
  }
}

if (process.env.PORTAL) {
  await measure('running', process.env.PORTAL);
} else {
  for (const [catalog, start] of [
    ['example', startPortal],
    ['100,000 entities', startHuge],
  ]) {
    const portal = await start();
    await measure(catalog, portal.url).finally(portal.stop);
  }
}
console.table(rows);
if (over.length > 0) {
  console.error(over.join('\n'));
  if (process.argv.includes('--check')) process.exitCode = 1;
}
