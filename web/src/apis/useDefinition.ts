import { useQuery } from '@tanstack/react-query';
import { readDefinition } from './definition';

/** What a definition says; `null` when nobody here understands its language. */
export function useDefinition(type: string, text: string | undefined) {
  return useQuery({
    queryKey: ['definition', type, text],
    queryFn: async () => (await readDefinition(type, text ?? '')) ?? null,
    enabled: text !== undefined,
    // It is read here: no portal is asked.
    networkMode: 'always',
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
}
