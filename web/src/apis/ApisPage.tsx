import { getRouteApi } from '@tanstack/react-router';
import { Browser } from '../catalog/Browser';

const route = getRouteApi('/api-docs');
const APIS = { key: 'kind', value: 'api' };

/** All APIs. */
export default function ApisPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Browser
      title="APIs"
      search={search}
      onSearch={(next, replace) => void navigate({ search: next, replace, resetScroll: false })}
      defaultQuery=""
      fixed={APIS}
    />
  );
}
