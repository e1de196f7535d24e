// Templates are written beside their form, and tried.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { count, flowsIn, focused, launch, press, shortcut, type, visit } from './browser.mjs';
import { startPortal } from './portal.mjs';

let portal;
let browser;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'callboard-editor-'));
  mkdirSync(join(folder, 'content'));
  writeFileSync(join(folder, 'content/hello.md'), `Hello \${{ values.name }}, from a file.\n`);
  [portal, browser] = await Promise.all([startPortal(), launch()]);
});
after(async () => {
  await browser?.close();
  await portal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const flow = flowsIn(() => browser);
const go = (page, path) => visit(page, portal.url + path);

const template = steps => `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: greeting
spec:
  type: service
  owner: developer-experience
  parameters:
    required: [name]
    properties:
      name:
        title: Whom to greet
        type: string
        ui:autofocus: true
  steps:
${steps}`;

const SAY = `    - id: say
      name: Say it
      action: debug:log
      input:
        message: Hello \${{ parameters.name }}
`;

/** Puts a text in the place of what an editor has. */
async function write(page, label, text) {
  const editor = page.getByRole('textbox', { name: label, exact: true });
  await page.evaluate(it => navigator.clipboard.writeText(it), text);
  await editor.click();
  await press(editor, 'Control+a', 'Control+v');
}

flow('a template is written beside its form, and faults lead to their lines', async page => {
  await go(page, '/create/editor');
  await page.getByText('no problems').waitFor();
  await write(page, 'Template', template(SAY.replace('debug:log', 'no:such')));
  await page.getByLabel('Whom to greet').waitFor();
  // The form beside it does not take the focus away.
  await focused(page.getByRole('textbox', { name: 'Template', exact: true }));
  const problem = page.getByRole('list', { name: 'Problems' }).getByRole('listitem');
  await problem.filter({ hasText: 'There is no action no:such here' }).waitFor();
  await problem.getByRole('button', { name: 'Line 18' }).click();
  await focused(page.getByRole('textbox', { name: 'Template', exact: true }));
  await page.locator('.cm-fault-error', { hasText: 'no:such' }).waitFor();
});

flow('a text that cannot be read keeps the form, and says where it breaks', async page => {
  await go(page, '/create/editor');
  await write(page, 'Template', template(SAY));
  await page.getByLabel('Whom to greet').waitFor();
  await write(page, 'Template', `${template(SAY)}  x: [\n`);
  await page.getByText('this is what it said before').waitFor();
  await page
    .getByRole('button', { name: /^Line \d+$/ })
    .first()
    .waitFor();
  await page.getByLabel('Whom to greet').waitFor();
});

flow(
  'what the catalog would refuse is told before anybody registers it',
  async page => {
    await go(page, '/create/editor');
    await write(page, 'Template', template(SAY).replace('name: greeting', 'name: not a name'));
    await page.getByText('The catalog would refuse it').waitFor();
  },
  { allow: ['/validate-entity'] },
);

flow(
  'a template is tried with the values of its form: its log, and why not',
  async page => {
    await go(page, '/create/editor');
    await write(page, 'Template', template(SAY));
    await page.getByLabel('Whom to greet').waitFor();
    const view = page.getByRole('group', { name: 'Show' });
    await view.getByRole('button', { name: 'Dry run' }).click();
    await page.getByRole('button', { name: 'Run the steps' }).click();
    await page.getByRole('alert').filter({ hasText: 'name' }).waitFor();
    await view.getByRole('button', { name: 'Form' }).click();
    await page.getByLabel('Whom to greet').fill('Ada');
    await view.getByRole('button', { name: 'Dry run' }).click();
    await page.getByRole('button', { name: 'Run the steps' }).click();
    await page.locator('.editor-log', { hasText: 'Hello Ada' }).waitFor();
    await page.getByText('The steps left no file').waitFor();
  },
  { allow: ['/v2/dry-run'] },
);

flow('files beside a template go with it, and those that its steps leave are shown', async page => {
  await go(page, '/create/editor');
  const fetch = `    - id: fetch
      action: fetch:template
      input:
        url: ./content
        values:
          name: \${{ parameters.name }}
`;
  await write(page, 'Template', template(fetch));
  await page.getByLabel('Whom to greet').fill('Ada');
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'Dry run' }).click();
  await page.locator('input[type="file"]').setInputFiles(folder);
  await page.getByText('1 file goes with it').waitFor();
  await page.getByRole('button', { name: 'Run the steps' }).click();
  await page.getByRole('button', { name: 'hello.md' }).click();
  await page.locator('.cm-content', { hasText: 'Hello Ada, from a file.' }).waitFor();
});

flow(
  'a template of the catalog is copied into the editor, without what the catalog added',
  async page => {
    await go(page, '/create');
    await page.getByRole('button', { name: 'More about docs-site' }).click();
    await page.getByRole('menuitem', { name: 'Edit a copy' }).click();
    await page.waitForURL(/create\/editor\?template=template:default\/docs-site/);
    const text = page.getByRole('textbox', { name: 'Template', exact: true });
    await text.getByText('Documentation site').first().waitFor();
    await count(text.getByText('managed-by-location'), 0);
    await page.getByRole('button', { name: 'Where does it live?' }).click();
    await page.getByRole('heading', { name: 'Where does it live?' }).waitFor();
  },
);

flow('a template that was left is there again, until it is begun anew', async page => {
  await go(page, '/create/editor');
  await write(page, 'Template', template(SAY));
  await page.getByLabel('Whom to greet').waitFor();
  await go(page, '/create/editor');
  await page.getByText('what you had written before').waitFor();
  await page.getByLabel('Whom to greet').waitFor();
  await page.getByRole('button', { name: 'Begin anew' }).click();
  await page.getByLabel('Whom to greet').waitFor({ state: 'detached' });
});

flow('a form is tried by itself', async page => {
  await go(page, '/create/forms');
  await page.getByRole('button', { name: 'How?' }).waitFor();
  await write(
    page,
    'Parameters',
    'required: [colour]\nproperties:\n  colour: {title: Colour, type: string, pattern: "^[a-z]+$"}\n',
  );
  const colour = page.getByLabel('Colour');
  await colour.fill('Red');
  await page.getByRole('button', { name: 'Check this page' }).click();
  await page.getByText('does not fit the pattern').waitFor();
  await colour.fill('red');
  await page.getByRole('button', { name: 'Check this page' }).click();
  await page.getByText('Everything on this page is in order').waitFor();
  await page.locator('.cm-content', { hasText: '"colour": "red"' }).waitFor();
});

flow('the editor is found from the palette', async page => {
  await go(page, '/');
  await shortcut(page, 'Control+k');
  const field = page.getByRole('combobox', { name: 'Search and commands' });
  await type(field, 'edit a temp');
  await page.getByRole('option', { name: 'Edit a template' }).click();
  await page.waitForURL(/create\/editor$/);
});
