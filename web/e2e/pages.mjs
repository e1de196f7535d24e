import { quiet } from './portal.mjs';

// The pages that every test of looks and rules goes through.
export const PAGES = [
  ['home', '/'],
  ['catalog', '/catalog'],
  ['component', '/catalog/default/component/reservation-service'],
  ['dependencies', '/catalog/default/component/reservation-service/dependencies'],
  ['yaml', '/catalog/default/component/reservation-service/raw'],
  ['api', '/catalog/default/api/reservations-api'],
  ['definition', '/catalog/default/api/reservations-api/definition'],
  ['group', '/catalog/default/group/box-office'],
  ['user', '/catalog/default/user/guest'],
  ['system', '/catalog/default/system/reservations'],
  ['domain', '/catalog/default/domain/ticketing'],
  ['resource', '/catalog/default/resource/reservation-db'],
  ['template', '/catalog/default/template/rust-service'],
  ['graph', '/catalog-graph?root=component:default/reservation-service'],
  ['apis', '/api-docs'],
  ['register', '/catalog-import'],
  ['describe', '/catalog-import/describe'],
  ['create', '/create'],
  ['template-form', '/create/templates/default/rust-service'],
  ['runs', '/create/tasks'],
  ['actions', '/create/actions?action=fetch:template'],
  ['org', '/org'],
  ['settings', '/settings'],
  ['admin', '/admin/errors'],
  ['providers', '/admin/providers'],
  ['health', '/admin/health'],
  ['configuration', '/admin/configuration'],
  ['roles', '/admin/roles'],
  ['role', '/admin/roles/default/developer'],
  ['new-role', '/admin/roles/new'],
  ['no-role', '/admin/roles/default/nobody'],
  [
    'explain',
    '/admin/explain?user=user:default/guest&permission=catalog.entity.delete&on=component:default/reservation-service',
  ],
  ['audit', '/admin/audit'],
  ['record', '/admin/audit/1'],
  ['consent', '/oauth2/authorize/gone'],
  ['device', '/oauth2/device?user_code=bcdfghjk'],
  ['design', '/design'],
  ['missing', '/catalog/default/component/reservation-servise'],
  ['not-found', '/nowhere'],
];

/** Something that is still to come, but for the examples of the page that shows all parts. */
const WAITING = ['[aria-busy="true"]', '.skeleton']
  .map(part => `${part}:not([data-examples] *)`)
  .join(', ');

/** Goes to a page and waits until it has what it wants to show. */
export async function visit(page, url) {
  await page.goto(url);
  await page.locator('h1').first().waitFor();
  await quiet(page);
  await page.locator(WAITING).first().waitFor({ state: 'detached' });
}
