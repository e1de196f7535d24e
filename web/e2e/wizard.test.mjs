// The form of a template: its pages and their addresses, what is kept of it, and what its fields refuse.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, count, focused, press } from './browser.mjs';
import { fitsEverywhere, suite } from './suite.mjs';

const TEMPLATES = `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: walk
  title: A walk
  description: |
    Goes through **pages**, as [the guide](https://guide.example/pages) says:

    - first one
    - then the other
spec:
  type: service
  parameters:
    - title: Who?
      required: [name]
      properties:
        name: {title: Name, type: string, pattern: '^[a-z]+$', description: 'Small *letters*'}
    - title: What?
      required: [size]
      properties:
        size: {title: Size, type: integer}
    - title: How?
      properties:
        way: {title: Way, type: string}
  steps:
    - {id: say, name: Say, action: debug:log, input: {message: said}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: quiet, title: A quiet one}
spec:
  type: service
  parameters:
    - title: Who?
      properties:
        name: {title: Name, type: string}
    - title: What?
      required: [token]
      properties:
        token: {title: Token, type: string, ui:field: Secret}
        pin: {title: Pin, type: string, ui:widget: password}
        hidden: {title: Hidden, type: string, ui:backstage: {review: {show: false}}}
        masked: {title: Masked, type: string, ui:backstage: {review: {mask: '<set>'}}}
        plain: {title: Plain, type: string}
    - title: How?
      properties:
        way: {title: Way, type: string}
  steps:
    - {id: say, name: Say, action: debug:log, input: {message: said}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: place, title: A place}
spec:
  type: service
  parameters:
    - title: Where?
      properties:
        repo:
          title: Repository
          type: string
          ui:field: RepoUrlPicker
          ui:options: {allowedHosts: [github.com, bitbucket.org]}
        payer: {title: Who pays, type: string, ui:field: RepoOwnerPicker, ui:options: {host: github.com}}
        branch: {title: Branch, type: string, ui:field: RepoBranchPicker}
        group:
          title: Group
          type: string
          ui:field: EntityPicker
          ui:options: {catalogFilter: {kind: Group}, allowArbitraryValues: false}
        owner:
          title: Who owns it
          type: string
          ui:field: OwnerPicker
          ui:options: {allowArbitraryValues: false}
  steps:
    - {id: say, name: Say, action: debug:log, input: {message: said}}
`;

let folder;

const { flow, go } = suite({
  begin: () => {
    folder = mkdtempSync(join(tmpdir(), 'callboard-wizard-'));
    const target = join(folder, 'templates.yaml');
    writeFileSync(target, TEMPLATES);
    const people = {
      type: 'file',
      target: 'examples/acme/catalog/org/*.yaml',
      rules: [{ allow: ['Group', 'User'] }],
    };
    const templates = { type: 'file', target, rules: [{ allow: ['Template'] }] };
    return { catalog: { locations: [people, templates] } };
  },
  end: () => rmSync(folder, { recursive: true, force: true }),
});

const WALK = '/create/templates/default/walk';
const QUIET = '/create/templates/default/quiet';
const PLACE = '/create/templates/default/place';

const heading = (page, name) => page.getByRole('heading', { name, exact: true });
const next = page => page.locator('.wizard-foot [type="submit"]').click();
/** The page that an address asks for. */
const asked = page => new URL(page.url()).searchParams.get('page');
/** Goes through the history as the buttons of the browser do. */
const travel = (page, n) => page.evaluate(by => history.go(by), n);

/** Waits for a page of the form under its address. */
async function isAt(page, title, number) {
  await heading(page, title).waitFor();
  await becomes(async () => asked(page), number);
}

/** Fills in the first two pages. */
async function walk(page) {
  await go(page, WALK);
  await page.getByLabel('Name').fill('ada');
  await next(page);
  await isAt(page, 'What?', '2');
  await page.getByLabel('Size').fill('5');
  await next(page);
  await isAt(page, 'How?', '3');
}

flow(
  'Back and Forward go from page to page, and a page stays when it is loaded again',
  async page => {
    await walk(page);
    await focused(heading(page, 'How?'));
    await travel(page, -1);
    await isAt(page, 'What?', '2');
    await focused(heading(page, 'What?'));
    await becomes(() => page.getByLabel('Size').inputValue(), '5');
    await travel(page, -1);
    await isAt(page, 'Who?', null);
    await becomes(() => page.getByLabel('Name').inputValue(), 'ada');
    await travel(page, 2);
    await isAt(page, 'How?', '3');
    await page.getByLabel('Way').fill('slowly');
    await page.reload();
    await isAt(page, 'How?', '3');
    await becomes(() => page.getByLabel('Way').inputValue(), 'slowly');
    await next(page);
    await isAt(page, 'Review', '4');
    await page.reload();
    await isAt(page, 'Review', '4');
    await page.getByText('slowly').waitFor();
    await fitsEverywhere(page);
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await isAt(page, 'How?', '3');
  },
);

flow('nobody gets past a page that has faults', async page => {
  await walk(page);
  await travel(page, -2);
  await isAt(page, 'Who?', null);
  const name = page.getByLabel('Name');
  await name.fill('No Name');
  await travel(page, 2);
  await page.getByText('Name does not fit the pattern').waitFor();
  await focused(name);
  await isAt(page, 'Who?', null);
  // Once it is in order, Forward leads there again.
  await name.fill('eve');
  await travel(page, 2);
  await isAt(page, 'How?', '3');
  await travel(page, -1);
  await isAt(page, 'What?', '2');
  const size = page.getByLabel('Size');
  await size.fill('');
  await travel(page, -1);
  await isAt(page, 'Who?', null);
  await name.fill('joe');
  await travel(page, 2);
  await page.getByText('Size is needed').waitFor();
  await focused(size);
  await isAt(page, 'What?', '2');
});

flow('an address of a later page leads to what has to be filled in first', async page => {
  await go(page, `${WALK}?page=3`);
  await isAt(page, 'Who?', null);
  await count(page.locator('.field-error'), 0);
  await go(page, `${WALK}?page=nonsense`);
  await heading(page, 'Who?').waitFor();
  await page.getByLabel('Name').fill('ada');
  await next(page);
  await isAt(page, 'What?', '2');
});

flow('what is secret, masked or not shown is kept nowhere, and filled in anew', async page => {
  await go(page, QUIET);
  await page.getByLabel('Name').fill('offen');
  await next(page);
  await isAt(page, 'What?', '2');
  for (const label of ['Token', 'Pin', 'Hidden', 'Masked'])
    await page.getByLabel(label).fill(`geheim-${label}`);
  await page.getByLabel('Plain').fill('offen-auch');
  await next(page);
  await isAt(page, 'How?', '3');
  const stored = () => page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  await becomes(async () => (await stored()).includes('offen-auch'), true);
  assert.ok(!(await stored()).includes('geheim'));
  await page.reload();
  await isAt(page, 'What?', '2');
  for (const label of ['Token', 'Pin', 'Hidden', 'Masked'])
    await becomes(() => page.getByLabel(label).inputValue(), '');
  await becomes(() => page.getByLabel('Plain').inputValue(), 'offen-auch');
  await fitsEverywhere(page);
  // A link that brings them along leaves none of them behind.
  const link = { pin: 'geheim-link', hidden: 'geheim-link', plain: 'offen-link' };
  await go(page, `${QUIET}?formData=${JSON.stringify(link)}`);
  await page.getByLabel('Name').fill('zweitens');
  await becomes(async () => (await stored()).includes('zweitens'), true);
  assert.ok(!(await stored()).includes('geheim'));
});

flow('a run that is started again begins without what its last page did not show', async page => {
  await go(page, QUIET);
  await page.getByLabel('Name').fill('erster');
  await next(page);
  await isAt(page, 'What?', '2');
  for (const label of ['Token', 'Hidden', 'Masked', 'Plain'])
    await page.getByLabel(label).fill(`wert-${label}`);
  await next(page);
  await isAt(page, 'How?', '3');
  await next(page);
  await isAt(page, 'Review', '4');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await becomes(() => page.getByLabel('Name').inputValue(), 'erster');
  await next(page);
  await isAt(page, 'What?', '2');
  await becomes(() => page.getByLabel('Plain').inputValue(), 'wert-Plain');
  for (const label of ['Token', 'Hidden', 'Masked'])
    await becomes(() => page.getByLabel(label).inputValue(), '');
});

flow(
  'who may not read a run is told so, where its values would be',
  async page => {
    await page.route('**/v2/tasks/of-another', route =>
      route.fulfill({ status: 403, json: { error: { name: 'NotAllowedError', message: '' } } }),
    );
    await go(page, `${WALK}?task=of-another`);
    await page.getByText('You may not read what this run was started with').waitFor();
    await count(page.getByLabel('Name'), 0);
    await fitsEverywhere(page);
    await go(page, `${WALK}?task=gone`);
    await page.getByText('There is no such run').waitFor();
    await page.getByRole('link', { name: 'Begin with an empty form' }).click();
    await page.getByLabel('Name').waitFor();
  },
  { allow: ['/v2/tasks/'] },
);

flow('what a template says of itself is Markdown', async page => {
  await go(page, WALK);
  const head = page.locator('.page-head');
  await head.getByRole('link', { name: 'the guide' }).waitFor();
  await head.getByRole('listitem').filter({ hasText: 'then the other' }).waitFor();
  await page.locator('.field em', { hasText: 'letters' }).waitFor();
  await fitsEverywhere(page);
  await go(page, '/create?find=walk');
  const card = page.locator('.template-card');
  await card.getByRole('link', { name: 'the guide' }).waitFor();
  await card.locator('strong', { hasText: 'pages' }).waitFor();
  await fitsEverywhere(page);
});

flow('names that a host does not take are faults where they stand', async page => {
  await go(page, PLACE);
  const repository = page.getByLabel('Repository', { exact: true }).last();
  const fault = page.getByText('Repository is no name that GitHub takes');
  await page.getByLabel('Owner', { exact: true }).fill('acme');
  await repository.fill('my repo!!/..');
  await count(fault, 0);
  await press(repository, 'Tab');
  await fault.waitFor();
  await becomes(() => repository.getAttribute('aria-invalid'), 'true');
  await next(page);
  await focused(repository);
  await count(fault, 1);
  await fitsEverywhere(page);
  await repository.fill('Shop');
  await count(fault, 0);
  await page.getByLabel('Host').selectOption('bitbucket.org');
  await page.getByText('Repository is no name that Bitbucket takes: small letters').waitFor();
  await page.getByLabel('Host').selectOption('github.com');
  await page.getByLabel('Owner', { exact: true }).fill('acme');
  const payer = page.getByLabel('Who pays');
  await payer.fill('a b');
  await press(payer, 'Tab');
  await page.getByText('Who pays is no name that GitHub takes').waitFor();
  const branch = page.getByLabel('Branch');
  await branch.fill('a..b');
  await next(page);
  await page.getByText('Branch is no name that git takes').waitFor();
  await payer.fill('acme');
  await branch.fill('feature/a');
  await next(page);
  await heading(page, 'Review').waitFor();
});

flow('what is none of the choices does not stay, and is told at once', async page => {
  await go(page, PLACE);
  for (const label of ['Group', 'Who owns it']) {
    const field = page.getByRole('combobox', { name: label });
    const fault = page.getByText(`${label} is chosen from the list`);
    await field.fill('nobody-at-all');
    await press(field, 'Tab');
    await fault.waitFor();
    await becomes(() => field.inputValue(), '');
    // All of a name is as good as choosing it.
    await field.fill('ticketing');
    await count(fault, 0);
    await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
    await press(field, 'Tab');
    await becomes(() => field.inputValue(), 'group:default/ticketing');
    await field.fill('nobody-at-all');
    await press(field, 'Tab');
    await fault.waitFor();
    await becomes(() => field.inputValue(), 'group:default/ticketing');
    await field.fill('');
    await press(field, 'Tab');
    await becomes(() => field.inputValue(), '');
    await count(fault, 0);
  }
});
