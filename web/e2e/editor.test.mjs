// Templates are written beside their form, and tried.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomes, count, focused, press, rest, shortcut, type } from './browser.mjs';
import { fitsEverywhere, suite } from './suite.mjs';

let folder;

const { flow, go } = suite({
  begin: () => {
    folder = mkdtempSync(join(tmpdir(), 'callboard-editor-'));
    mkdirSync(join(folder, 'content'));
    writeFileSync(join(folder, 'content/hello.md'), `Hello \${{ values.name }}, from a file.\n`);
  },
  end: () => rmSync(folder, { recursive: true, force: true }),
});

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
  await problem.filter({ hasText: 'There is no action `no:such` in this installation' }).waitFor();
  await problem.getByRole('button', { name: 'Line 18' }).click();
  await focused(page.getByRole('textbox', { name: 'Template', exact: true }));
  await page.locator('.cm-fault-warn', { hasText: 'no:such' }).waitFor();
});

flow('names that the language of templates does not have are told with their line', async page => {
  await go(page, '/create/editor');
  const problems = page.getByRole('list', { name: 'Problems' }).getByRole('listitem');
  const steps = `    - id: say
      action: fs:readdir
      input:
        paths: ["\${{ parameters.name | uper }}"]
        recursive: \${{ nofunc() or 1 is notest }}
`;
  const output = `  output:\n    said: \${{ steps.say.output.nothing }}\n`;
  await write(page, 'Template', template(steps) + output);
  for (const [line, text] of [
    [19, 'There is no filter `uper`'],
    [20, 'There is no function `nofunc`'],
    [20, 'There is no test `notest`'],
    [22, 'has no output `nothing`'],
  ]) {
    const problem = problems.filter({ hasText: text });
    await problem.getByRole('button', { name: `Line ${line}`, exact: true }).waitFor();
  }
  await problems.filter({ hasText: 'Did you mean `upper`?' }).waitFor();
  await fitsEverywhere(page);
});

for (const [what, answer] of [
  ['cannot be reached', route => route.abort()],
  [
    'refuses',
    route => route.fulfill({ status: 403, json: { error: { name: 'NotAllowedError' } } }),
  ],
]) {
  flow(
    `a portal that ${what} leaves what the editor finds by itself`,
    async page => {
      await page.route('**/v2/lint', answer);
      await go(page, '/create/editor');
      await write(page, 'Template', template(SAY.replace('debug:log', 'no:such')));
      const problem = page.getByRole('list', { name: 'Problems' }).getByRole('listitem');
      await problem.filter({ hasText: 'There is no action no:such here' }).waitFor();
      await rest(page);
      await count(problem, 1);
    },
    { allow: ['/v2/lint'] },
  );
}

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

const SHAPES = `properties:
  cloud: {title: Cloud, type: string, enum: [aws, none], default: none}
  hosts:
    title: Hosts
    type: array
    items: {type: object, required: [name], properties: {name: {title: Host name, type: string}}}
  price: {title: Price, type: number}
  when:
    title: When
    type: object
    oneOf:
      - title: By day
        required: [day]
        properties: {day: {title: Day, type: string}}
      - title: By night
        required: [night]
        properties: {night: {title: Night, type: string}}
dependencies:
  price: {properties: {payer: {title: Payer, type: string}}, required: [payer]}
allOf:
  - if: {properties: {cloud: {const: aws}}}
    then:
      properties: {region: {title: Region, type: string, ui:widget: radio, enum: [north, south]}}
      required: [region]
    else:
      properties: {rack: {title: Rack, type: integer}}
`;

flow(
  'a form asks for what its values need: conditions, choices, dependencies, lists',
  async page => {
    await go(page, '/create/forms');
    await write(page, 'Parameters', SHAPES);
    await page.getByLabel('Rack').fill('7');
    await page.getByLabel('Cloud').selectOption('aws');
    await count(page.getByLabel('Rack'), 0);
    await page.getByRole('button', { name: 'Check this page' }).click();
    await page.getByText('Region is needed').waitFor();
    await page.getByLabel('south').check();
    await page.getByLabel('Price').fill('5');
    await page.getByRole('button', { name: 'Check this page' }).click();
    await page.getByText('Payer is needed').waitFor();
    await page.getByLabel('Payer').fill('me');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByLabel('Host name').fill('one');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByLabel('Host name').last().fill('two');
    await page.getByRole('button', { name: 'Remove item 1' }).click();
    await count(page.getByLabel('Host name'), 1);
    await page.getByRole('textbox', { name: 'Day' }).fill('Monday');
    await fitsEverywhere(page);
    await page.getByLabel('Which').selectOption('By night');
    await page.getByRole('textbox', { name: 'Night' }).fill('Sunday');
    await page.getByRole('button', { name: 'Check this page' }).click();
    await page.getByText('Everything on this page is in order').waitFor();
    for (const part of ['"region": "south"', '"payer": "me"', '"name": "two"', '"night": "Sunday"'])
      await page.locator('.cm-content', { hasText: part }).waitFor();
    for (const part of ['"rack"', '"name": "one"', '"day"'])
      await count(page.locator('.cm-content', { hasText: part }), 0);
  },
);

const CHOICE = `title: Choice
properties:
  price: {title: Price, type: number}
oneOf:
  - title: By day
    required: [day]
    properties: {day: {title: Day, type: string}}
  - title: By night
    required: [night]
    properties: {night: {title: Night, type: string}}
dependencies:
  price: {properties: {payer: {title: Payer, type: string}}, required: [payer]}
`;

for (const word of ['oneOf', 'anyOf']) {
  flow(`a page with ${word} beside dependencies lets people choose`, async page => {
    await go(page, '/create/forms');
    await write(page, 'Parameters', CHOICE.replace('oneOf', word));
    await page.getByRole('textbox', { name: 'Day' }).fill('Monday');
    await page.getByLabel('Price').fill('5');
    await page.getByRole('button', { name: 'Check this page' }).click();
    await page.getByText('Payer is needed').waitFor();
    await page.getByLabel('Payer').fill('me');
    await page.getByLabel('Which').selectOption('By night');
    await page.getByRole('textbox', { name: 'Night' }).fill('Sunday');
    await count(page.getByRole('textbox', { name: 'Day' }), 0);
    await fitsEverywhere(page);
    await page.getByRole('button', { name: 'Check this page' }).click();
    await page.getByText('Everything on this page is in order').waitFor();
    for (const part of ['"price": 5', '"payer": "me"', '"night": "Sunday"'])
      await page.locator('.cm-content', { hasText: part }).waitFor();
    await count(page.locator('.cm-content', { hasText: '"day"' }), 0);
  });
}

flow('every field can be tried with an example', async page => {
  await go(page, '/create/forms');
  const choice = page.getByLabel('An example of');
  const names = await choice.evaluate(it => [...it.options].map(option => option.value));
  const fields = names.filter(name => name.endsWith('Picker') || name === 'Secret');
  for (const field of [...fields, 'Conditions']) {
    await choice.selectOption(field);
    await page.locator('.cm-content', { hasText: field }).first().waitFor();
    await becomes(
      () =>
        page
          .locator('.schema-form .form-field')
          .count()
          .then(n => n > 0),
      true,
    );
    await fitsEverywhere(page);
  }
});

flow('the editor is found from the palette', async page => {
  await go(page, '/');
  await shortcut(page, 'Control+k');
  const field = page.getByRole('combobox', { name: 'Search and commands' });
  await type(field, 'edit a temp');
  await page.getByRole('option', { name: 'Edit a template' }).click();
  await page.waitForURL(/create\/editor$/);
});
