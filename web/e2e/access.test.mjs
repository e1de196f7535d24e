// Roles, explanations, the audit log, programs that act for people: in a browser, with permissions on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, count, openPage, press, shortcut, type, visit } from './browser.mjs';
import { startPortal, WITH_ACCESS } from './portal.mjs';
import { askToAct, askWithCode, hear, redeem } from './programs.mjs';
import { suite } from './suite.mjs';

const { portal, browser, flow, go } = suite({ begin: () => WITH_ACCESS });

flow('a program is let in, is listed, and is ended', async page => {
  const { clientId, question } = await askToAct(portal);
  await visit(page, question);
  await page.getByRole('heading', { name: 'Let Terminal helper act for you?' }).waitFor();
  await page.getByText('nobody has checked its name').waitFor();
  await count(page.getByRole('navigation'), 0);
  const answered = await hear(page);
  await page.getByRole('button', { name: 'Allow' }).click();
  const code = (await answered()).get('code');
  await page.waitForURL(/callback/);
  await redeem(portal, clientId, code);
  await go(page, '/settings');
  const item = page.getByRole('listitem').filter({ hasText: 'Terminal helper' });
  await item.getByRole('button', { name: 'End' }).click();
  await item.waitFor({ state: 'detached' });
});

flow('tables of the administration are walked with keys', async page => {
  await go(page, '/admin/roles');
  const roles = page.locator('.table tbody tr td:first-child a');
  await shortcut(page, 'j');
  await press(roles.nth(0), 'j');
  await press(roles.nth(1), 'k');
  const name = await roles.nth(0).textContent();
  await press(roles.nth(0), 'Enter');
  await page.getByRole('heading', { level: 1, name }).waitFor();
});

flow('a program that is not wanted is sent away', async page => {
  const { question } = await askToAct(portal);
  await visit(page, question);
  const answered = await hear(page);
  await page.getByRole('button', { name: 'Deny' }).click();
  assert.equal((await answered()).get('error'), 'access_denied');
});

flow(
  'a question that was answered says what to do',
  async page => {
    await go(page, '/oauth2/authorize/nothing');
    await page.getByText('This question is no longer open').waitFor();
  },
  { allow: ['/sessions/nothing'] },
);

flow(
  'a program without a browser is let in by its code, which is never sent without a click',
  async page => {
    const program = await askWithCode(portal);
    await visit(page, program.address);
    const code = page.getByLabel('Code');
    await becomes(() => code.inputValue(), program.userCode);
    await code.fill('BBBB-BBBB');
    await press(code, 'Enter');
    await page.getByText('Nobody waits with').waitFor();
    await page.getByRole('button', { name: 'Try another code' }).click();
    await code.fill(program.userCode.toLowerCase().replace('-', ''));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Read what you may read, in catalog').waitFor();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('Go back to the program').waitFor();
    await program.redeem();
  },
  { allow: ['/device/BBBBBBBB'] },
);

flow('a role is made, tried, changed and deleted', async page => {
  await go(page, '/admin/roles');
  await page.getByRole('link', { name: 'New role' }).click();
  await page.getByRole('button', { name: 'Create the role' }).waitFor();
  await page.getByLabel('What it is for').fill('Those who ship');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByText('Letters and digits').waitFor();
  await type(page.getByLabel('Name', { exact: true }), 'release-managers');
  const members = page.getByRole('combobox', { name: 'Who has it' });
  await members.fill('ticketing');
  await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
  await press(members, 'Enter');
  await page
    .getByRole('group', { name: 'audit.record.read read' })
    .getByRole('button', { name: 'allow' })
    .click();
  await page.getByRole('button', { name: 'Add a condition' }).click();
  await page.getByRole('button', { name: 'Dry run' }).click();
  await page.getByText(/recorded kinds of decisions/).waitFor();
  await page.getByRole('combobox', { name: 'Rule', exact: true }).selectOption('HAS_LABEL');
  await page.getByLabel('label', { exact: true }).fill('sandbox');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.waitForURL(/\/admin\/roles\/default\/release-managers$/);
  await page.getByText('label: sandbox').waitFor();
  await page.getByRole('link', { name: 'Ticketing' }).first().waitFor();

  await page.getByRole('link', { name: 'Edit' }).click();
  await page
    .getByRole('group', { name: 'audit.record.read read' })
    .getByRole('button', { name: 'deny' })
    .click();
  await page.getByRole('button', { name: 'Save the role' }).click();
  await page.locator('.badge', { hasText: 'deny' }).waitFor();

  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete the role' }).click();
  await page.waitForURL(/\/admin\/roles$/);
  await page.getByRole('link', { name: 'developer' }).waitFor();
  await count(page.getByRole('link', { name: 'release-managers' }), 0);
});

flow(
  'a role of which a part could be saved says which, and saving again does the rest',
  async page => {
    await go(page, '/admin/roles/new');
    await page.getByLabel('Name', { exact: true }).fill('half-saved');
    const members = page.getByRole('combobox', { name: 'Who has it' });
    await members.fill('ticketing');
    await page.getByRole('option', { name: 'Ticketing', selected: true }).waitFor();
    await press(members, 'Enter');
    const allow = page
      .getByRole('group', { name: 'audit.record.read read' })
      .getByRole('button', { name: 'allow' });
    await allow.click();
    const broken = url => url.pathname === '/api/permission/policies';
    const failure = {
      status: 500,
      json: { error: { name: 'Error', message: 'the disk is full' } },
    };
    await page.route(broken, (route, request) =>
      request.method() === 'POST' ? route.fulfill(failure) : route.fallback(),
    );
    await page.getByRole('button', { name: 'Create the role' }).click();
    const told = page.getByRole('alert').filter({ hasText: 'the disk is full' });
    await told.getByText('Saved already: the role with its members.').waitFor();
    await told.getByText('Not saved: 1 permission given.').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.getByRole('button', { name: 'Save the role' }).click();
    await page.waitForURL(/\/admin\/roles\/default\/half-saved$/);
    await page.getByText('audit.record.read').first().waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete the role' }).click();
    await page.waitForURL(/\/admin\/roles$/);
  },
  { allow: ['/api/permission/policies'] },
);

flow('a role of a file says where it is changed', async page => {
  await go(page, '/admin/roles/default/developer');
  await page.getByText('policies-csv-file').waitFor();
  await count(page.getByRole('link', { name: 'Edit' }), 0);
});

flow('a decision is explained, and the address keeps the question', async page => {
  await go(page, '/admin/explain');
  await page.getByRole('combobox', { name: 'May' }).fill('ada');
  await page.getByRole('option', { name: /ada/i }).first().click();
  await page.getByLabel('use the permission').selectOption('catalog.location.create');
  await page.locator('.decision .badge').first().waitFor();
  await page.waitForURL(/permission=catalog.location.create/);
  await page.getByText('Roles, and how they come to them').waitFor();
});

flow('the audit log is filtered, checked and read record by record', async page => {
  await go(page, '/admin/audit');
  await page.getByRole('button', { name: 'Check the chain' }).click();
  await page.getByText(/^whole: \d+ record/).waitFor();
  const action = page.getByRole('textbox', { name: 'Action' });
  await action.fill('catalog.provider.apply');
  await press(action, 'Enter');
  await page.waitForURL(/action=catalog.provider.apply/);
  await page.getByText('ConfigLocationProvider', { exact: true }).first().waitFor();
  await page.locator('tbody a').first().click();
  await page.getByText('Digest afterwards').waitFor();
  await count(action, 0);
});

flow('an audit log without a match says how texts are compared', async page => {
  await go(page, '/admin/audit?actor=nobody');
  await page.getByText('No record matches').waitFor();
});

flow('a provider is asked to run, and the configuration hides secrets', async page => {
  await go(page, '/admin/providers');
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('button', { name: 'Started' }).waitFor();
  await go(page, '/admin/configuration');
  await page.locator('.cm-content', { hasText: 'Acme Stages' }).waitFor();
  await go(page, '/admin/health');
  await page.getByText('Up for').waitFor();
});

test('what somebody may not do is hidden, or says which permission it needs', async () => {
  const { admin: _, ...rbac } = WITH_ACCESS.permission.rbac;
  const plain = await startPortal({ ...WITH_ACCESS, permission: { enabled: true, rbac } });
  const { page, faults, close } = await openPage(browser(), { allow: ['/api/'] });
  try {
    await visit(page, `${plain.url}/catalog/default/component/ledger-service`);
    const refresh = page.getByRole('button', { name: 'Refresh' });
    await page.locator('button[title*="catalog.entity.refresh"]').waitFor();
    await becomes(() => refresh.isDisabled(), true);
    const rail = page.getByRole('navigation', { name: 'Main' });
    await rail.getByRole('link', { name: 'Register' }).waitFor();
    await count(rail.getByRole('link', { name: 'Admin' }), 0);
    for (const part of ['errors', 'providers', 'configuration', 'roles', 'audit', 'explain']) {
      await visit(page, `${plain.url}/admin/${part}`);
      await page.getByText('Not allowed').first().waitFor();
    }
    await visit(page, `${plain.url}/catalog/default/component/reservation-service`);
    await refresh.click();
    await page.getByRole('button', { name: 'Refreshed' }).waitFor();
    assert.deepEqual(faults, []);
  } finally {
    await close();
    await plain.stop();
  }
});
