/** What the catalog shows when the address says nothing. */
export const DEFAULT_QUERY = 'kind:component';
