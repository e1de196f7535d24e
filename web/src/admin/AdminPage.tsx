/** For who runs the portal: what it does, what it could not do, and who may what. */

import { Link, useParams } from '@tanstack/react-router';
import { lazy } from 'react';
import { Empty } from '../ui/States';
import { AdminFrame } from './AdminFrame';

const PARTS: Record<string, { title: string; component: React.ComponentType }> = {
  errors: {
    title: 'Errors',
    component: lazy(() => import('./Errors').then(it => ({ default: it.Errors }))),
  },
  conflicts: {
    title: 'Conflicts',
    component: lazy(() => import('./Conflicts').then(it => ({ default: it.Conflicts }))),
  },
  held: {
    title: 'Held deletions',
    component: lazy(() => import('./Held').then(it => ({ default: it.Held }))),
  },
  locations: {
    title: 'Locations',
    component: lazy(() => import('./Locations').then(it => ({ default: it.Locations }))),
  },
  providers: {
    title: 'Providers',
    component: lazy(() => import('./Providers').then(it => ({ default: it.Providers }))),
  },
  'failed-sign-ins': {
    title: 'Failed sign-ins',
    component: lazy(() => import('./FailedSignIns').then(it => ({ default: it.FailedSignIns }))),
  },
  health: {
    title: 'Health',
    component: lazy(() => import('./health/Health').then(it => ({ default: it.Health }))),
  },
  configuration: {
    title: 'Configuration',
    component: lazy(() => import('./Configuration').then(it => ({ default: it.Configuration }))),
  },
};

export default function AdminPage() {
  const { section } = useParams({ from: '/admin/$section' });
  const part = PARTS[section];
  return (
    <AdminFrame title={part?.title ?? 'Admin'}>
      {part ? (
        <part.component />
      ) : (
        <Empty
          title={`There is no “${section}” here`}
          actions={
            <Link className="btn" to="/admin">
              To the first page for administrators
            </Link>
          }
        />
      )}
    </AdminFrame>
  );
}
