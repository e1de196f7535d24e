/** Questions about one role, which several pages share. */

import { queryOptions } from '@tanstack/react-query';
import { permissions } from '../../api/permission';

export const roleQueries = {
  role: (ref: string) =>
    queryOptions({
      queryKey: ['role', ref],
      queryFn: () => permissions.role(ref),
      retry: false,
    }),
  policies: (ref: string) =>
    queryOptions({
      queryKey: ['policies', ref],
      queryFn: () => permissions.policies(ref),
      retry: false,
    }),
  conditions: (ref: string) =>
    queryOptions({
      queryKey: ['conditions', ref],
      queryFn: () => permissions.conditions(ref),
      retry: false,
    }),
  known: queryOptions({ queryKey: ['known-permissions'], queryFn: permissions.known }),
  rules: queryOptions({ queryKey: ['condition-rules'], queryFn: permissions.rules }),
};
