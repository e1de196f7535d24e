// Golden paths in a browser: choosing a template, filling it in, watching it run.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, count, focused, press, type } from './browser.mjs';
import { fitsEverywhere, suite } from './suite.mjs';

const TEMPLATES = `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: note
  title: Write a note
  description: Says what you said.
  tags: [test]
spec:
  owner: developer-experience
  type: documentation
  parameters:
    - title: What is it?
      required: [name, owner]
      properties:
        name:
          title: Name
          type: string
          pattern: '^[a-z-]+$'
          ui:autofocus: true
        owner:
          title: Owner
          type: string
          ui:field: OwnerPicker
          ui:options:
            catalogFilter: {kind: Group}
    - title: How?
      required: [repo]
      properties:
        loud:
          title: Loud
          type: boolean
        token:
          title: Token
          type: string
          ui:field: Secret
        tags:
          title: Tags
          type: array
          items: {type: string}
          ui:field: EntityTagsPicker
        repo:
          title: Repository
          type: string
          ui:field: RepoUrlPicker
          ui:options: {allowedHosts: [github.com]}
      dependencies:
        loud:
          oneOf:
            - properties: {loud: {enum: [false]}}
            - properties:
                loud: {enum: [true]}
                volume: {title: Volume, type: integer, default: 7}
  steps:
    - id: say
      name: Say it
      action: debug:log
      input: {message: 'Note \${{ parameters.name }} of \${{ parameters.owner }} at \${{ parameters.volume }}'}
    - id: quiet
      name: Stay quiet
      action: debug:log
      if: \${{ not parameters.loud }}
      input: {message: quiet}
  output:
    links:
      - title: The owner
        entityRef: \${{ parameters.owner }}
    text:
      - title: What was said
        content: 'A **note** called \${{ parameters.name }}'
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: regroup
  title: Rename a group
  annotations:
    callboard.dev/for: kind=group
spec:
  type: maintenance
  parameters:
    - title: Which?
      required: [group]
      properties:
        group:
          title: Group
          type: string
          ui:field: EntityPicker
          ui:options: {catalogFilter: {kind: Group}, allowArbitraryValues: false}
        description: {title: Description, type: string}
        name:
          title: Shown as
          type: string
          ui:options: {fromEntity: spec.profile.displayName}
        alias:
          title: Alias
          type: string
          ui:field: EntityNamePicker
          ui:options: {freeFor: Group}
        pin: {title: Pin, type: string, ui:widget: password}
        odd: {title: Odd, type: string, ui:widget: Unheard, backstage:featureFlag: odd-parts}
    - title: Later
      backstage:featureFlag: odd-parts
      properties:
        when: {title: When, type: string}
  steps:
    - {id: say, name: Say, action: debug:log, input: {message: '\${{ parameters.name }}'}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: slow
  title: Take your time
spec:
  type: service
  steps:
    - {id: wait, name: Wait, action: debug:wait, input: {seconds: 60}}
    - {id: after, name: Afterwards, action: debug:log, input: {message: done}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: sealed
  title: With a secret
spec:
  type: service
  parameters:
    required: [token]
    properties:
      token: {title: Token, type: string, ui:field: Secret}
      sorts:
        title: Sorts
        type: array
        uniqueItems: true
        items: {type: string, enum: [red, blue]}
        ui:widget: checkboxes
      odd: {title: Odd one, type: string, ui:field: FieldOfSomebodyElse}
  steps:
    - {id: say, name: Say, action: debug:log, input: {message: said}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: broken
  title: Fail at once
spec:
  type: service
  steps:
    - {id: first, name: First, action: debug:log, input: {message: begin}}
    - {id: fail, name: Fail, action: fs:rename, input: {files: [{from: nothing, to: something}]}}
`;

let folder;

const { flow, go } = suite({
  begin: () => {
    folder = mkdtempSync(join(tmpdir(), 'callboard-templates-'));
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

flow('a template is found, filled in with keys, reviewed and run', async page => {
  await go(page, '/create');
  await page.getByRole('textbox', { name: 'Find a template' }).fill('note');
  await page.getByText('1 template', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Write a note' }).click();
  const name = page.getByLabel('Name');
  await type(name, 'My Note');
  await press(name, 'Enter');
  await page.getByText('Name does not fit the pattern').waitFor();
  await page.getByText('Owner is needed').waitFor();
  await name.fill('my-note');
  const owner = page.getByRole('combobox', { name: 'Owner' });
  await owner.fill('ticketing');
  await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
  await press(owner, 'Enter');
  await becomes(() => owner.inputValue(), 'group:default/ticketing');
  await page.getByRole('button', { name: 'Next' }).click();

  await page.getByLabel('Loud').check();
  await page.getByLabel('Volume').fill('9');
  await page.getByLabel('Token').fill('geheim');
  await page.getByLabel('Tags').fill('Fresh');
  await press(page.getByLabel('Tags'), 'Enter');
  await page.getByRole('button', { name: 'fresh' }).waitFor();
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByText('still needs').or(page.getByText('Repository is needed')).first().waitFor();
  await page.getByLabel('Owner').fill('acme');
  await page.getByLabel('Repository').last().fill('notes');
  await page.getByRole('button', { name: 'Review' }).last().click();

  await page.getByRole('heading', { name: 'Review' }).waitFor();
  await page.getByText('••••••').waitFor();
  await count(page.getByText('geheim'), 0);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.waitForURL(/\/create\/tasks\//);
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  await page.getByText('A note called my-note').waitFor();
  await page.getByText('Note my-note of group:default/ticketing at 9').first().waitFor();
  await page.getByText('skipped').first().waitFor();

  await page.getByRole('textbox', { name: 'Search the log' }).fill('beginning step say it');
  await page.getByText('1 line', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await becomes(() => name.inputValue(), 'my-note');
});

flow('a run is watched while it goes on, and is cancelled', async page => {
  await go(page, '/create/templates/default/slow');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.run-step[data-status="processing"]').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page
    .locator('.run-step[data-status="failed"], .run-step[data-status="cancelled"]')
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Retry' }).waitFor();
  await page.locator('.badge', { hasText: 'cancelled' }).waitFor();
});

flow('a run is planned, waits, is approved of, and is undone', async page => {
  await go(page, '/create/templates/default/slow');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('no changes at other services').waitFor();
  await page.getByLabel('Wait for approval before anything happens').check();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.waitForURL(/\/create\/tasks\//);
  await page.getByText('this run waits for approval').waitFor();
  await page.locator('.badge', { hasText: 'waiting' }).waitFor();
  await count(page.locator('.run-step[data-status="processing"]'), 0);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.locator('.run-step[data-status="processing"]').waitFor();
  await count(page.getByText('this run waits for approval'), 0);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.badge', { hasText: 'cancelled' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Undo' }).click();
  await dialog.getByText('nothing that could be taken back').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await count(dialog, 0);
});

flow('a run starts once, however often it is clicked', async page => {
  const started = [];
  page.on('request', request => {
    if (request.method() === 'POST' && request.url().endsWith('/v2/tasks')) started.push(request);
  });
  await go(page, '/create/templates/default/sealed');
  await page.getByLabel('Token').fill('geheim');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Create', exact: true }).dblclick();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  assert.equal(started.length, 1);
  // What was secret has to be said again.
  await page.getByRole('link', { name: 'Start again' }).click();
  assert.ok(!page.url().includes('***'));
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByText('Token is needed').waitFor();
  const token = page.getByLabel('Token');
  await becomes(() => token.inputValue(), '');
  await becomes(() => token.getAttribute('aria-invalid'), 'true');
  const told = await token.getAttribute('aria-describedby');
  await page.locator(`#${told}`).getByText('Token is needed').waitFor();
});

flow('fields that the portal does not have, and lists to choose from, have labels', async page => {
  await go(page, '/create/templates/default/sealed');
  await page.getByLabel('Odd one').fill('x');
  await page.getByText('asks for the field FieldOfSomebodyElse').waitFor();
  await page.getByText('Sorts', { exact: true }).waitFor();
  await page.getByLabel('blue').check();
  await fitsEverywhere(page);
});

flow('a run that is tried again is seen to go on', async page => {
  await go(page, '/create/templates/default/slow');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.run-step[data-status="processing"]').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.badge', { hasText: 'cancelled' }).waitFor();
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.locator('.badge', { hasText: 'running' }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.badge', { hasText: 'cancelled' }).waitFor();
});

flow(
  'another tab sees a run go on that is tried again here, and its list says how it ended',
  async page => {
    await go(page, '/create/templates/default/slow');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.waitForURL(/\/create\/tasks\//);
    const other = await page.context().newPage();
    await other.goto(page.url());
    const cancelled = tab => tab.locator('.badge', { hasText: 'cancelled' });
    const begun = other.getByText('Beginning step Wait', { exact: true });
    await count(begun, 1);
    await page.getByRole('button', { name: 'Cancel' }).click();
    for (const tab of [page, other]) await cancelled(tab).waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    // The log of the other one goes on by itself.
    await count(begun, 2);
    await other.getByRole('button', { name: 'Cancel' }).click();
    for (const tab of [page, other]) await cancelled(tab).waitFor();

    const id = new URL(page.url()).pathname.split('/').at(-1);
    await go(page, '/create/tasks?status=cancelled');
    const row = page.getByRole('row').filter({ has: page.locator(`a[href$="${id}"]`) });
    await cancelled(row).waitFor();
    await go(page, '/create/tasks');
    await cancelled(row).waitFor();
    await go(page, '/create/tasks?status=failed');
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
    await count(row, 0);
  },
);

flow('without a network nothing is started behind the back', async page => {
  await go(page, '/create/templates/default/slow');
  const create = page.getByRole('button', { name: 'Create', exact: true });
  await create.waitFor();
  await page.context().setOffline(true);
  await create.click();
  await page.getByRole('alert').waitFor();
  await page.context().setOffline(false);
  await create.waitFor();
  assert.ok(!page.url().includes('/create/tasks/'));
});

flow('a run that fails says why, and is among the runs', async page => {
  await go(page, '/create/templates/default/broken');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.run-step[data-status="failed"]').waitFor();
  await page.getByRole('alert').waitFor();
  await go(page, '/create/tasks?status=failed');
  await page.getByRole('link', { name: 'Fail at once' }).first().click();
  await page.locator('.run-step[data-status="failed"]').waitFor();
});

flow('what was filled in is there again, without what is secret', async page => {
  const path = '/create/templates/default/regroup';
  await go(page, path);
  await page.getByLabel('Shown as').fill('The crew');
  await page.getByLabel('Pin').fill('geheim');
  await go(page, '/create');
  await go(page, path);
  await page.getByText('what you had written before').waitFor();
  await fitsEverywhere(page);
  await becomes(() => page.getByLabel('Shown as').inputValue(), 'The crew');
  await becomes(() => page.getByLabel('Pin').inputValue(), '');
  const stored = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  assert.ok(!stored.includes('geheim'));
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await becomes(() => page.getByLabel('Shown as').inputValue(), '');
  await count(page.getByText('what you had written before'), 0);
  // Looking is not filling in.
  await go(page, path);
  await count(page.getByText('what you had written before'), 0);
});

flow('a template is started from an entity, with what it is now', async page => {
  await go(page, '/catalog/default/group/ticketing');
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Change it with a template' }).click();
  await page.getByRole('heading', { name: 'Change Ticketing' }).waitFor();
  await count(page.locator('.template-card'), 1);
  await fitsEverywhere(page);
  await page.getByRole('link', { name: 'Rename a group' }).click();
  const group = page.getByRole('combobox', { name: 'Group' });
  await becomes(() => group.inputValue(), 'group:default/ticketing');
  await becomes(() => page.getByLabel('Shown as').inputValue(), 'Ticketing');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  await go(page, '/create?entity=user:default/ada.fosse');
  await page.getByText('No template is for this').waitFor();
  await fitsEverywhere(page);
});

flow('the portal is asked before the form goes on', async page => {
  await go(page, '/create/templates/default/regroup?formData={"group":"group:default/gone"}');
  await page.getByText('has no group:default/gone that you may see').waitFor();
  const alias = page.getByLabel('Alias');
  await alias.fill('ticketing');
  await page.getByText('There is something of this name already').waitFor();
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByText('Group is nothing that the catalog has: group:default/gone').waitFor();
  await page.getByText('Alias is taken').waitFor();
  await fitsEverywhere(page);
  const group = page.getByRole('combobox', { name: 'Group' });
  await focused(group);
  await group.fill('ticketing');
  await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
  await press(group, 'Enter');
  await alias.fill('tickets-and-more');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await focused(page.getByRole('heading', { name: 'Review' }));
});

flow('the steps of a run are a graph, too', async page => {
  await go(page, '/create/templates/default/note?formData={"name":"graphed"}');
  const owner = page.getByRole('combobox', { name: 'Owner' });
  await owner.fill('ticketing');
  await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
  await press(owner, 'Enter');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Owner').fill('acme');
  await page.getByLabel('Repository').last().fill('notes');
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.locator('.badge', { hasText: 'completed' }).waitFor();
  await page.getByRole('button', { name: 'Graph', exact: true }).click();
  await page.waitForURL(/steps=graph/);
  const graph = page.getByRole('region', { name: 'Graph of the steps' });
  await count(graph.locator('.step-edges path'), 1);
  await fitsEverywhere(page);
  await graph.getByRole('button', { name: 'Say it' }).click();
  await count(page.getByText('Beginning step Stay quiet'), 0);
  await page.getByText('Beginning step Say it').waitFor();
  await page.getByRole('button', { name: 'List', exact: true }).click();
  await count(graph, 0);
});

flow('parts behind a flag are shown to who switches it on', async page => {
  const path = '/create/templates/default/regroup';
  await go(page, path);
  await page.getByLabel('Shown as').waitFor();
  await count(page.getByLabel('Odd', { exact: true }), 0);
  await count(page.getByRole('button', { name: 'Later' }), 0);
  await page.getByLabel('odd-parts').check();
  await page.getByLabel('Odd', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Later' }).waitFor();
  await go(page, path);
  await page.getByLabel('Odd', { exact: true }).waitFor();
});

flow('every action tells its input and output', async page => {
  await go(page, '/create/actions');
  await page.getByRole('textbox', { name: 'Find an action' }).fill('fetch:template');
  await page.getByRole('link', { name: 'fetch:template', exact: true }).click();
  await page.getByText('copyWithoutTemplating').first().waitFor();
});

flow(
  'what is not there is told',
  async page => {
    await go(page, '/create/templates/default/nothing');
    await page.getByText('There is no template').waitFor();
    await go(page, '/create/tasks/00000000-0000-0000-0000-000000000000');
    await page.getByText('There is no such run').waitFor();
    await go(page, '/create?find=nothing');
    await page.getByText('No template matches').waitFor();
  },
  { allow: ['nothing', '00000000'] },
);
