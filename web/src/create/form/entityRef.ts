import { parseRef } from '../../api/entity';

/** Shortens a reference as the template wants it: without what is there by default. */
export function written(ref: string, options: Record<string, unknown>): string {
  if (options.defaultKind === undefined && options.defaultNamespace === undefined) return ref;
  const { kind, namespace, name } = parseRef(ref, String(options.defaultKind ?? 'component'));
  const hasNamespace = options.defaultNamespace !== false && options.defaultNamespace === namespace;
  const short = hasNamespace ? name : `${namespace}/${name}`;
  return options.defaultKind?.toString().toLowerCase() === kind ? short : `${kind}:${short}`;
}
