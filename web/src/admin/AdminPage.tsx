/** For who runs the portal: what the catalog could not do, and what it waits for. */

import { Link, useParams } from '@tanstack/react-router';
import { Page } from '../ui/Page';
import { Empty } from '../ui/States';
import { Conflicts } from './Conflicts';
import { Errors } from './Errors';
import { Held } from './Held';
import { Locations } from './Locations';

const SECTIONS = [
  { id: 'errors', title: 'Errors', component: Errors },
  { id: 'conflicts', title: 'Conflicts', component: Conflicts },
  { id: 'held', title: 'Held deletions', component: Held },
  { id: 'locations', title: 'Locations', component: Locations },
];

export default function AdminPage() {
  const { section } = useParams({ from: '/admin/$section' });
  const active = SECTIONS.find(({ id }) => id === section);
  return (
    <Page title="Admin">
      <nav className="tabs" aria-label="Parts of this page">
        {SECTIONS.map(({ id, title }) => (
          <Link key={id} to="/admin/$section" params={{ section: id }}>
            {title}
          </Link>
        ))}
      </nav>
      {active ? <active.component /> : <Empty title={`There is no “${section}” here`} />}
    </Page>
  );
}
