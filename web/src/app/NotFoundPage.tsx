import { Link, useRouterState } from '@tanstack/react-router';
import { Page } from '../ui/Page';
import { Empty } from '../ui/States';

/** An address that leads nowhere. */
export function NotFoundPage() {
  const path = useRouterState({ select: state => state.location.pathname });
  return (
    <Page title="There is no such page">
      <Empty
        title={path}
        actions={
          <>
            <Link className="btn" to="/">
              Go home
            </Link>
            <Link className="btn" to="/catalog">
              Open the catalog
            </Link>
          </>
        }
      >
        The address may be old or mistyped. Ctrl K finds entities and pages by name.
      </Empty>
    </Page>
  );
}
