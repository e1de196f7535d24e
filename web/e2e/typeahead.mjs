// How fast fields of people and teams complete what is typed, and what they ask the portal for meanwhile,
// in a browser with a processor four times slower.
//
//   node e2e/typeahead.mjs make FOLDER      files of a catalog of 100,000 people (USERS=…) in 1,000 teams
//   PORTAL=… node e2e/typeahead.mjs         what a portal with such a catalog takes
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, openPage, rest } from './browser.mjs';

/** Milliseconds from a key to its options; requests for a word that is typed fast; KB of an answer. */
export const TYPE_AHEAD_BUDGET = { options: 500, requests: 4, kilobytes: 20 };
const SLOWER = 4;
/** Between the keys of somebody who types fast. */
const PACE_MS = 60;
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
export function makePeople(folder, n) {
  mkdirSync(folder, { recursive: true });
  const documents = (count, make, from = 0) =>
    Array.from({ length: count }, (_, at) => make(from + at)).join('---\n');
  writeFileSync(join(folder, 'teams.yaml'), documents(TEAMS, team));
  for (let from = 0; from < n; from += PER_FILE) {
    const people = documents(Math.min(PER_FILE, n - from), person, from);
    writeFileSync(join(folder, `people-${from / PER_FILE}.yaml`), people);
  }
}

const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds from a key to the painted options for all that is typed then. */
async function keyToOptions(page, key) {
  await page.evaluate(() => {
    globalThis.completed = new Promise(resolve => {
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
  });
  await page.keyboard.press(key);
  return page.evaluate(() => globalThis.completed);
}

/** What a field does while people are looked for; `words` are typed, one after the other. */
export async function measureTypeAhead(page, base, words) {
  await page.goto(`${base}/create/forms`);
  await page.getByLabel('An example of').selectOption('OwnerPicker');
  const field = page.locator('.schema-form').getByRole('combobox');
  await field.waitFor();
  await rest(page);
  const answers = [];
  const sizes = [];
  page.on('response', answer => {
    if (!answer.url().includes('/entities/by-query')) return;
    answers.push(answer.url());
    // One that nobody waits for any more has no body.
    sizes.push(
      answer.body().then(
        body => body.length,
        () => 0,
      ),
    );
  });
  const waits = [];
  const requests = [];
  for (const word of words) {
    await field.fill('');
    await rest(page);
    await field.focus();
    for (const key of word) waits.push(await keyToOptions(page, key));
    await field.fill('');
    await rest(page);
    const before = answers.length;
    await page.keyboard.type(`${word.slice(0, -1)}`, { delay: PACE_MS });
    await rest(page);
    requests.push(answers.length - before);
  }
  const bytes = await Promise.all(sizes);
  return {
    options: Math.round(median(waits)),
    longest: Math.round(Math.max(...waits)),
    requests: Math.max(...requests),
    kilobytes: Number((Math.max(...bytes) / 1024).toFixed(1)),
  };
}

async function run() {
  const base = process.env.PORTAL;
  if (!base) throw new Error('PORTAL is missing: a portal with many people');
  const browser = await launch();
  try {
    const { page, close } = await openPage(browser);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    const found = await measureTypeAhead(page, base, ['lindqvist', 'grace weber', 'team-73']);
    console.table([found]);
    const over = Object.entries(TYPE_AHEAD_BUDGET).filter(([name, limit]) => found[name] > limit);
    if (over.length > 0) process.exitCode = 1;
    await close();
  } finally {
    await browser.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === 'make') makePeople(process.argv[3], Number(process.env.USERS ?? 100_000));
  else await run();
}
