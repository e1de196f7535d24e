import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { MAY, useMay } from '../session/may';
import { Browser } from './Browser';
import { DEFAULT_QUERY } from './defaults';

const route = getRouteApi('/catalog');

/** Everything in the catalog. */
export default function CatalogPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayRegister = useMay(MAY.register);
  return (
    <Browser
      title="Catalog"
      search={search}
      onSearch={(next, replace) => void navigate({ search: next, replace, resetScroll: false })}
      defaultQuery={DEFAULT_QUERY}
      actions={
        mayRegister !== false && (
          <Link className="btn" to="/catalog-import">
            <Plus aria-hidden /> Register
          </Link>
        )
      }
    />
  );
}
