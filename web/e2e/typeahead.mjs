// How fast fields of people and teams complete what is typed among 100,000 people, and what they ask the
// portal for meanwhile, in a browser with a processor four times slower. Fails above the budget with --check.
// PORTAL=… measures a portal that is running.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, openPage, rest } from './browser.mjs';
import { startPortal } from './portal.mjs';
import { median } from './timing.mjs';

/** Milliseconds from a key to its options; requests for a word that is typed fast; KB of an answer. */
const BUDGET = { options: 500, requests: 4, kilobytes: 20 };
const SLOWER = 4;
/** Between the keys of somebody who types fast. */
const PACE_MS = 60;
const WAIT_MS = 60_000;
const PEOPLE = 100_000;
const TEAMS = 1000;
const PER_FILE = 1000;
const FIRST = [
  'ada',
  'alan',
  'edsger',
  'grace',
  'barbara',
  'donald',
  'radia',
  'ken',
  'joan',
  'dennis',
];
const LAST = [
  'fosse',
  'moreau',
  'okafor',
  'lindqvist',
  'haddad',
  'tanaka',
  'petrov',
  'silva',
  'weber',
];

/** A person of a catalog that has many. */
const person = at => `apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ${FIRST[at % 10]}.${LAST[at % 9]}.${at}}
spec:
  profile: {displayName: ${FIRST[at % 10]} ${LAST[at % 9]} ${at}, email: p${at}@acme.example}
  memberOf: [team-${at % TEAMS}]
`;

const team = at => `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-${at}}
spec: {type: team, children: []}
`;

/** Writes a catalog of so many people, in teams. */
function makePeople(folder, n) {
  const documents = (count, make, from = 0) =>
    Array.from({ length: count }, (_, at) => make(from + at)).join('---\n');
  writeFileSync(join(folder, 'teams.yaml'), documents(TEAMS, team));
  for (let from = 0; from < n; from += PER_FILE) {
    const people = documents(Math.min(PER_FILE, n - from), person, from);
    writeFileSync(join(folder, `people-${from / PER_FILE}.yaml`), people);
  }
}

/** A portal that has read them. */
async function startHuge() {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-people-'));
  makePeople(folder, PEOPLE);
  const rules = [{ allow: ['User', 'Group'] }];
  const target = join(folder, '*.yaml');
  const portal = await startPortal(
    { catalog: { rules, locations: [{ type: 'file', target, rules }] } },
    {},
    { entities: PEOPLE, patience: 6 },
  );
  const stop = async () => {
    await portal.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...portal, stop };
}

/** Milliseconds from a key to the painted options for all that is typed then. */
async function keyToOptions(page, key) {
  await page.evaluate(limit => {
    globalThis.completed = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('the options never come')), limit);
      let start;
      let wasBusy = false;
      const begin = event => {
        start = event.timeStamp;
      };
      addEventListener('keydown', begin, { capture: true, once: true });
      new MutationObserver((_, observer) => {
        const list = document.querySelector('[role="listbox"]');
        if (start === undefined || !list) return;
        if (list.ariaBusy === 'true') wasBusy = true;
        if (!wasBusy || list.ariaBusy === 'true') return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      }).observe(document.body, { childList: true, subtree: true, attributes: true });
    });
  }, WAIT_MS);
  await page.keyboard.press(key);
  return page.evaluate(() => globalThis.completed);
}

/** What a field does while words are typed: `slow` ones key by key, `fast` ones at once. */
async function measure(page, base, slow, fast) {
  await page.goto(`${base}/create/forms`);
  await page.getByLabel('An example of').selectOption('OwnerPicker');
  const field = page.locator('.schema-form').getByRole('combobox');
  await field.waitFor();
  await rest(page);
  const sizes = [];
  page.on('response', answer => {
    if (!answer.url().includes('/entities/by-query')) return;
    // One that nobody waits for any more has no body.
    const size = answer.body().then(
      body => body.length,
      () => 0,
    );
    sizes.push(size);
  });
  const begin = async () => {
    await field.fill('');
    await rest(page);
    await field.focus();
    return sizes.length;
  };
  const waits = [];
  for (const word of slow) {
    await begin();
    for (const key of word) waits.push(await keyToOptions(page, key));
  }
  const requests = [];
  for (const word of fast) {
    const before = await begin();
    await page.keyboard.type(word, { delay: PACE_MS });
    await rest(page);
    requests.push(sizes.length - before);
  }
  const bytes = await Promise.all(sizes);
  return {
    options: Math.round(median(waits)),
    longest: Math.round(Math.max(...waits)),
    requests: Math.max(...requests),
    kilobytes: Number((Math.max(...bytes) / 1024).toFixed(1)),
  };
}

const own = process.env.PORTAL ? undefined : await startHuge();
const browser = await launch();
try {
  const { page, close } = await openPage(browser);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const base = process.env.PORTAL ?? own.url;
  const found = await measure(
    page,
    base,
    ['lindqvist', 'okafor.7', 'team-73'],
    ['barbara', 'tanaka'],
  );
  console.table([found]);
  const over = Object.entries(BUDGET).filter(([name, limit]) => found[name] > limit);
  if (over.length > 0 && process.argv.includes('--check')) process.exitCode = 1;
  await close();
} finally {
  await browser.close();
  await own?.stop();
}
